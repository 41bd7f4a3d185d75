"""Chinese numbers and spans of time."""

import re
from fractions import Fraction
from typing import Final

_DIGITS: Final = dict(zip("零一二三四五六七八九", range(10), strict=True)) | {
    "〇": 0,
    "两": 2,
    "俩": 2,
}
_PLACES: Final = {"十": 10, "百": 100, "千": 1_000}
_MYRIADS: Final = {"万": 10**4, "亿": 10**8}
NUMBER: Final = (
    r"(?:\d{1,30}(?:\.\d{1,30})?[万亿]?"
    r"|[零〇一二两俩三四五六七八九十百千万亿]{1,30}(?:点[零〇一二三四五六七八九]{1,30})?)"
)
"""A regular expression of a number, in digits or in Hanzi."""

_UNITS: Final = {
    "秒": 1,
    "秒钟": 1,
    "分": 60,
    "分钟": 60,
    "刻钟": 900,
    "小时": 3_600,
    "钟头": 3_600,
    "天": 86_400,
}
_UNIT: Final = "秒钟|秒|分钟|分|刻钟|小时|钟头|天"
_PART: Final = re.compile(rf"({NUMBER}|半)个?(半)?({_UNIT})(半钟?)?")
_DURATION: Final = re.compile(rf"(?:(?:{NUMBER}|半)个?半?(?:{_UNIT})(?:半钟?)?零?)+")


def read_hanzi(text: str) -> Fraction | None:
    """The value of a number in digits or in Hanzi; None where it is none."""
    if not re.fullmatch(NUMBER, text):
        return None
    if text[0].isdigit() and text[0].isascii():
        scale = _MYRIADS.get(text[-1], 1)
        return Fraction(text.rstrip("万亿")) * scale
    whole, _, decimals = text.partition("点")
    value = Fraction(_read_whole(whole))
    if decimals:
        value += Fraction("0." + "".join(str(_DIGITS[char]) for char in decimals))
    return value


def _read_whole(text: str) -> int:
    """Read digits with places; without any place the digits stand side by side."""
    if all(char in _DIGITS for char in text):
        return int("".join(str(_DIGITS[char]) for char in text))
    total = section = digit = 0
    for char in text:
        if char in _MYRIADS:
            total = (total + section + digit) * _MYRIADS[char]
            section = digit = 0
        elif char in _PLACES:
            section += (digit or 1) * _PLACES[char]
            digit = 0
        else:
            digit = _DIGITS[char]
    return total + section + digit


def find_duration(text: str) -> int | None:
    """Whole seconds of the first span of time in `text`; None without one."""
    found = _DURATION.search(text)
    if found is None:
        return None
    seconds = Fraction(0)
    for written, half, unit, half_after in _PART.findall(found.group()):
        amount = Fraction(1, 2) if written == "半" else read_hanzi(written)
        halves = Fraction(1 if half or half_after else 0, 2)
        seconds += ((amount or 0) + halves) * _UNITS[unit]
    return max(1, round(seconds)) if seconds > 0 else 0


def say_seconds(seconds: int) -> str:
    """`seconds` in hours, minutes and seconds: `1小时30分钟`."""
    parts = []
    for name, size in (("天", 86_400), ("小时", 3_600), ("分钟", 60), ("秒", 1)):
        count, seconds = divmod(seconds, size)
        parts.append(f"{count}{name}" if count else "")
    return "".join(parts) or "0秒"
