"""The value of a number in Hanzi; None for a run of such characters that is none. Pure."""

import re
from typing import Final

DIGITS: Final = {c: str(v) for v, c in enumerate("零一二三四五六七八九")} | {
    "〇": "0",
    "幺": "1",
    "两": "2",
}
PLACES: Final = {"十": 10, "百": 100, "千": 1_000}
MYRIADS: Final = {"万": 10**4, "亿": 10**8}
_BELOW_MYRIAD: Final = re.compile(
    r"(?:(?P<k>[一二两三四五六七八九])千)?(?P<z1>零)?(?:(?P<h>[一二两三四五六七八九])百)?"
    r"(?P<z2>零)?(?:(?P<t>[一二三四五六七八九])?(?P<ten>十))?(?P<z3>零)?(?P<u>[一二三四五六七八九])?"
)
_SHORT_UNIT: Final = {"千": 100, "百": 10, "万": 1_000, "亿": 10_000_000}
"""What a last digit counts that has no place of its own: `三千五` is 3500."""


def digits_of(run: str) -> str:
    """`2026` of `二零二六`, digit by digit; empty where a character is no digit."""
    return "".join(DIGITS[c] for c in run) if all(c in DIGITS and c != "两" for c in run) else ""


def value_of(run: str) -> int | None:
    """The value of a number with places, as it is said; None for what nobody says."""
    if len(run) == 1:
        return int(DIGITS[run]) if run in DIGITS else {"十": 10}.get(run)
    total, rest = 0, run
    for sign in ("亿", "万"):
        before, found, after = rest.rpartition(sign)
        if not found:
            continue
        if total:
            before = before.removeprefix("零")
        head = value_of(before) if sign == "亿" or len(before) == 1 else _below_myriad(before)
        if not head:
            return None
        total, rest = total + head * MYRIADS[sign], after
        if len(rest) == 1:
            return None if rest == "零" or rest in PLACES else total + _short(rest, sign)
    if not rest:
        return total
    tail = _below_myriad(rest, with_zero=total > 0)
    return None if tail is None else total + tail


def _below_myriad(run: str, *, with_zero: bool = False) -> int | None:
    """0 to 9999; `with_zero`: something stands before it, so that it may begin with 零."""
    if with_zero:
        run = run.removeprefix("零")
    found = _BELOW_MYRIAD.fullmatch(run)
    if found is None or not run or run.startswith("零") or run.endswith("零"):
        return None
    k, h, t, u = (found[name] for name in ("k", "h", "t", "u"))
    value = _digit(k) * 1_000 + _digit(h) * 100 + _digit(u)
    value += (_digit(t) or 1) * 10 if found["ten"] else 0
    last = run[-2:-1]
    if u and last in "百千" and last:
        value += _short(u, last) - _digit(u)
    return value


def _digit(char: str | None) -> int:
    return int(DIGITS[char]) if char else 0


def _short(char: str, place: str) -> int:
    return _digit(char) * _SHORT_UNIT[place]
