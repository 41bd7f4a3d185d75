"""Spoken and written English numbers, and numbers put so that a voice says them well."""

import re
from decimal import Context, Decimal
from fractions import Fraction
from typing import Final

from streamtalk.orchestrator.assistant.words import Words

DIGITS: Final = {
    word: value
    for value, word in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine"), 1
    )
}
TEENS: Final = {
    word: value
    for value, word in enumerate(
        (
            *("ten", "eleven", "twelve", "thirteen", "fourteen"),
            *("fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
        ),
        10,
    )
}
TENS: Final = {
    word: value * 10
    for value, word in enumerate(
        ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), 2
    )
}
SCALES: Final = {"billion": 10**9, "million": 10**6, "thousand": 10**3}
ZEROS: Final = ("zero", "oh")
_SIGN_WORDS: Final = frozenset({"minus", "negative"})
_WRITTEN: Final = re.compile(r"\d{1,30}(?:\.\d{1,30})?")
_MAX_EXACT: Final = 10**15
_EXACT_DECIMALS: Final = 6


def read_number(words: Words, at: int) -> tuple[Fraction, int] | None:
    """The longest number that begins at `at`, and the index after it."""
    if at < len(words) and words[at] in _SIGN_WORDS:
        found = _read_unsigned(words, at + 1)
        return None if found is None else (-found[0], found[1])
    return _read_unsigned(words, at)


def _read_unsigned(words: Words, at: int) -> tuple[Fraction, int] | None:
    whole = _read_written(words, at) or _read_cardinal(words, at) or _read_zero(words, at)
    return None if whole is None else _read_decimals(words, *whole)


def read_below_hundred(words: Words, at: int) -> tuple[Fraction, int] | None:
    """A spoken number from 1 to 99."""
    word = words[at] if at < len(words) else ""
    if word in DIGITS or word in TEENS:
        return Fraction(DIGITS.get(word) or TEENS[word]), at + 1
    if word not in TENS:
        return None
    unit = DIGITS.get(words[at + 1], 0) if at + 1 < len(words) else 0
    return Fraction(TENS[word] + unit), at + (2 if unit else 1)


def _is(words: Words, at: int, word: str) -> bool:
    return at < len(words) and words[at] == word


def _read_zero(words: Words, at: int) -> tuple[Fraction, int] | None:
    return (Fraction(0), at + 1) if at < len(words) and words[at] in ZEROS else None


def _read_written(words: Words, at: int) -> tuple[Fraction, int] | None:
    """Digits, with a scale as in `3 million`."""
    if at >= len(words) or not _WRITTEN.fullmatch(words[at]):
        return None
    scale = SCALES.get(words[at + 1], 1) if at + 1 < len(words) else 1
    return Fraction(words[at]) * scale, at + (1 if scale == 1 else 2)


def _read_below_thousand(words: Words, at: int) -> tuple[Fraction, int] | None:
    article = _is(words, at, "a")
    head = (Fraction(1), at + 1) if article else read_below_hundred(words, at)
    if head is None or head[1] >= len(words) or words[head[1]] != "hundred":
        return None if article else head
    value, at = head[0] * 100, head[1] + 1
    rest = read_below_hundred(words, at + 1 if _is(words, at, "and") else at)
    return (value, at) if rest is None else (value + rest[0], rest[1])


def _read_cardinal(words: Words, at: int) -> tuple[Fraction, int] | None:
    """Groups of hundreds with falling scales: `two million three hundred thousand and five`."""
    total, begun, largest = Fraction(0), at, 10**12
    while (group := _read_group(words, at, first=at == begun)) is not None:
        value, scale, after = group
        if scale >= largest:
            break
        total, at, largest = total + value * scale, after, scale
        if scale == 1:
            break
    return None if at == begun else (total, at)


def _read_group(words: Words, at: int, *, first: bool) -> tuple[Fraction, int, int] | None:
    """One group: its value, its scale and the index after it."""
    if not first and _is(words, at, "and"):
        at += 1
    if first and _is(words, at, "a") and at + 1 < len(words):
        scale = SCALES.get(words[at + 1])
        if scale:
            return Fraction(1), scale, at + 2
    found = _read_below_thousand(words, at)
    if found is None:
        return None
    scale = SCALES.get(words[found[1]], 1) if found[1] < len(words) else 1
    return found[0], scale, found[1] + (0 if scale == 1 else 1)


def _read_decimals(words: Words, whole: Fraction, at: int) -> tuple[Fraction, int]:
    """The digits after `point`, one word each."""
    if _is(words, at, "point"):
        digits = ""
        for word in words[at + 1 :]:
            digit = "0" if word in ZEROS else str(DIGITS.get(word, ""))
            if not digit:
                break
            digits += digit
        if digits:
            return whole + Fraction(f"0.{digits}"), at + 1 + len(digits)
    return whole, at


def say_number(value: Fraction) -> tuple[str, bool]:
    """`value` for eSpeak and for the eye, and whether that is all of it."""
    sign, size = ("minus " if value < 0 else ""), abs(value)
    if size >= _MAX_EXACT:
        mantissa, exponent = f"{Decimal(int(size)):.3e}".split("e")
        power = f"{Decimal(mantissa).normalize()} times 10 to the power of {int(exponent)}"
        return sign + power, False
    if size.denominator == 1:
        return f"{sign}{int(size):,}", True
    scaled = size * 10**_EXACT_DECIMALS
    digits = 4 + len(str(int(size)))
    decimal = Context(prec=digits).divide(Decimal(size.numerator), Decimal(size.denominator))
    if scaled.denominator == 1:
        decimal = Decimal(int(scaled)).scaleb(-_EXACT_DECIMALS)
    whole, _, rest = f"{decimal.normalize():f}".partition(".")
    text = f"{int(whole):,}" + (f".{rest}" if rest else "")
    return sign + text, scaled.denominator == 1
