"""Chinese numbers. Own code: the libraries know no 两, and no years or telephone numbers."""

from typing import Final

DIGITS: Final = "零一二三四五六七八九"
_PLACES: Final = ("", "十", "百", "千")
_WAN: Final = 10**4
_YI: Final = 10**8
_TWO: Final = 2
MOST_DIGITS: Final = 16


def digits(text: str, *, one: str = "一") -> str:
    """Digit by digit; telephones say 幺 for 1."""
    return "".join(one if char == "1" else DIGITS[int(char)] for char in text if char.isdecimal())


def _group(number: int, *, first: bool) -> str:
    """Up to four digits; without the leading 一 of 一十 at the head of the number."""
    said = ""
    gap = False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if not digit:
            gap = bool(said)
            continue
        said += ("零" if gap else "") + _digit(digit, place, first=first and not said)
        gap = False
    return said


def _digit(digit: int, place: int, *, first: bool) -> str:
    if first and digit == 1 and place == 1:
        return "十"
    # 两千 as people say it; 二百 and 二十 are right everywhere.
    name = "两" if digit == _TWO and place == len(_PLACES) - 1 else DIGITS[digit]
    return name + _PLACES[place]


def cardinal(text: str) -> str:
    """Digits with or without commas; leading zeros and more than 16 digits are read singly."""
    plain = text.replace(",", "").replace("，", "")
    if len(plain) > MOST_DIGITS or (len(plain) > 1 and plain[0] == "0"):
        return digits(plain)
    high, low = divmod(int(plain), _YI)
    if not high:
        return _below_yi(low) or DIGITS[0]
    said = ("两" if high == _TWO else _below_yi(high)) + "亿"
    if not low:
        return said
    return said + ("零" if low < _YI // 10 else "") + _below_yi(low, first=False)


def _below_yi(number: int, *, first: bool = True) -> str:
    """Up to eight digits; empty for 0."""
    high, low = divmod(number, _WAN)
    if not high:
        return _group(low, first=first)
    said = ("两" if high == _TWO and first else _group(high, first=first)) + "万"
    if not low:
        return said
    return said + ("零" if low < _WAN // 10 else "") + _group(low, first=False)


def counted(text: str) -> str:
    """A number before a measure word: 两 for 2."""
    return "两" if text == "2" else decimal(text)


def decimal(text: str) -> str:
    """`3.14` as 三点一四; a whole number as a cardinal."""
    whole, dot, fraction = text.partition(".")
    said = cardinal(whole or "0")
    return f"{said}点{digits(fraction)}" if dot and fraction else said
