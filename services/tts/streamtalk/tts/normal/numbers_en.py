"""English numbers, by `num2words` where that is right, digit by digit beyond what people count."""

import functools
from collections.abc import Callable
from typing import Final

_DIGITS: Final = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
MOST_DIGITS: Final = 15
"""Longer numbers are read digit by digit: nobody counts in quadrillions."""

_LOW_CENTURY: Final = 1100
_HIGH_YEAR: Final = 2099


@functools.cache
def _converter() -> Callable[..., str]:
    # 120 ms to import: only when the first number is said, which a service does while it loads.
    from num2words import num2words  # noqa: PLC0415

    found: Callable[..., str] = num2words
    return found


@functools.lru_cache(maxsize=4_096)
def _words(number: int, kind: str) -> str:
    said = _converter()(number, to=kind)
    return said.replace(",", "").replace("oh-", "oh ")


def digits(text: str) -> str:
    """`007` as `zero zero seven`."""
    return " ".join(_DIGITS[int(char)] for char in text if char.isdecimal())


def cardinal(text: str) -> str:
    """Digits with or without commas; leading zeros and more than 15 digits are read singly."""
    plain = text.replace(",", "")
    if len(plain) > MOST_DIGITS or (len(plain) > 1 and plain[0] == "0"):
        return digits(plain)
    return _words(int(plain), "cardinal")


def decimal(text: str) -> str:
    """`3.14` as `three point one four`; a whole number as a cardinal; `.5` as `zero point five`."""
    whole, dot, fraction = text.partition(".")
    said = cardinal(whole or "0")
    return f"{said} point {digits(fraction)}" if dot and fraction else said


def ordinal(text: str) -> str:
    """`21` as `twenty-first`."""
    plain = text.replace(",", "")
    return _words(int(plain), "ordinal") if len(plain) <= MOST_DIGITS else digits(plain)


def year(text: str) -> str:
    """`1999` as `nineteen ninety-nine`, `2005` as `two thousand and five`."""
    return _words(int(text), "year")


def is_year(text: str) -> bool:
    """Whether a bare number is as likely a year as a count, by its size."""
    return text.isdecimal() and len(text) == len("1100") and _LOW_CENTURY <= int(text) <= _HIGH_YEAR


def plural(words: str) -> str:
    """`nineteen ninety` as `nineteen nineties`."""
    return words[:-1] + "ies" if words.endswith("y") else words + "s"


def fraction(top: str, bottom: str) -> str:
    """`1/2` as `one half`, `3/4` as `three quarters`, others by the ordinal."""
    names = {2: "half", 4: "quarter"}
    name = names.get(int(bottom)) or ordinal(bottom)
    if int(top) == 1:
        return f"one {name}"
    return f"{cardinal(top)} {'halves' if name == 'half' else name + 's'}"
