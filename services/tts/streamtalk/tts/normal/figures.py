"""Figures of other scripts, in rings and in brackets: the digits that they stand for."""

import re
import unicodedata
from typing import Final

from streamtalk.tts.language import script_language
from streamtalk.tts.normal.located import Normal

_WRITTEN_OUT: Final = frozenset({None, "en", "zh"})
_FOREIGN: Final = re.compile(
    r"(?![0-9])\d"
    "|[\u2150-\u2152\u2155-\u215a\u2189]"
    "|[\u2460-\u249b\u24ea-\u24ff\u2776-\u2793\u3251-\u325f\u32b1-\u32bf]"
)
"""Decimal digits but ASCII's, fractions that no rule knows, enclosed numbers. Raised figures are
powers, and stay."""


def plain_figures(text: str) -> Normal | None:
    """The text with those figures as ASCII digits; None where it has none.

    An enclosed number and a fraction stand apart from what is beside them. Where words of another
    script are, its own digits are left to their voice.
    """
    if _FOREIGN.search(text) is None:
        return None
    own = any(script_language(char) not in _WRITTEN_OUT for char in text)
    chars: list[str] = []
    origin: list[int] = []
    for at, char in enumerate(text):
        plain = _plain(char, own=own) if _FOREIGN.match(char) else char
        chars.append(plain)
        origin += [at] * len(plain)
    return Normal("".join(chars), tuple(origin))


def _plain(char: str, *, own: bool) -> str:
    decimal = unicodedata.decimal(char, None)
    if decimal is not None:
        return char if own and not unicodedata.name(char).startswith("FULL") else str(decimal)
    value = unicodedata.numeric(char)
    if value == int(value):
        return f" {int(value)} "
    return f" {unicodedata.normalize('NFKC', char).replace('⁄', '/')} "
