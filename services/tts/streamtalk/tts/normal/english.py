"""What is said of figures and signs in English."""

import re
from typing import Final

from streamtalk.tts.normal import english_times
from streamtalk.tts.normal.abbreviations import LETTER_RULES
from streamtalk.tts.normal.located import Part, Said
from streamtalk.tts.normal.numbers_en import (
    cardinal,
    decimal,
    digits,
    fraction,
    is_year,
    ordinal,
    plural,
    year,
)
from streamtalk.tts.normal.scanner import Match, Rule, RuleSet
from streamtalk.tts.normal.units import CODE, CODES, MONEY, SCALE, SCALES, SIGN, UNIT, UNITS, Money
from streamtalk.tts.normal.web import address_rules, spaced

_NUMBER: Final = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_DASH: Final = r"\s?[-–—~]\s?"
_TO: Final = "to"
_MOST_GROUPED: Final = 4
_VULGAR: Final = {
    "½": "one half", "⅓": "one third", "⅔": "two thirds", "¼": "one quarter",
    "¾": "three quarters", "⅛": "one eighth", "⅜": "three eighths", "⅝": "five eighths",
    "⅞": "seven eighths",
}  # fmt: skip
_DECADE_WORDS: Final = frozenset(["the", "my", "his", "her", "their", "early", "mid", "late"])
_POWERS: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def _signed(text: str) -> str:
    """A number that may have a sign."""
    if text[0] in "-−":
        return f"minus {decimal(text[1:])}"
    return f"plus {decimal(text[1:])}" if text[0] == "+" else decimal(text)


def _unit(match: Match) -> Said:
    unit = UNITS[match[2]]
    name = unit.one if match[1].lstrip("-−+") == "1" else unit.many
    return spaced([Part(_signed(match[1]), match.start()), Part(name, match.start(2))])


def _unit_range(match: Match) -> Said:
    said = [
        Part(f"{_signed(match[1])} {_TO}", match.start()),
        Part(decimal(match[2]), match.start(2)),
        Part("percent" if match[3] == "%" else UNITS[match[3]].many, match.start(3)),
    ]
    return spaced(said)


def _percent(match: Match) -> Said:
    name = "percent" if match[2] == "%" else "per mille"
    return spaced([Part(_signed(match[1]), match.start()), Part(name, match.start(2))])


def _amount(number: str, money: Money) -> str:
    whole, dot, rest = number.replace(",", "").partition(".")
    cents = int((rest + "0")[:2]) if dot else 0
    unit = money.one if whole == "1" else money.many
    if len(rest) > 2:  # noqa: PLR2004
        return f"{decimal(number)} {money.many}"
    said = f"{cardinal(whole)} {unit}"
    if not cents:
        return said
    small = f"{cardinal(str(cents))} {money.cents[cents != 1]}"
    return f"{said} and {small}" if int(whole) else small


def _money(match: Match) -> str:
    sign = "minus " if match[1] else ""
    money, scale = MONEY[match[2]], SCALES[match[4].strip()][0] if match[4] else ""
    if not scale and not match[5]:
        return sign + _amount(match[3], money)
    upper = f"to {decimal(match[5])}" if match[5] else ""
    words = [decimal(match[3]), scale, upper, money.many]
    return sign + " ".join(word for word in words if word)


def _coded(match: Match) -> str:
    return _amount(match[1], CODES[match[2]])


def _code_first(match: Match) -> str:
    return _amount(match[2], CODES[match[1]])


def _grouped(text: str) -> str:
    """Digits of a telephone number, with a pause between groups."""
    return ", ".join(digits(group) for group in re.findall(r"\d+", text))


def _phone(match: Match) -> str:
    return ("plus " if match[0].startswith("+") else "") + _grouped(match[0])


def _points(match: Match) -> str:
    said = " point ".join(cardinal(part) for part in match[2].split("."))
    return f"version {said}" if match[1] else said


def _ip(match: Match) -> str:
    return " dot ".join(cardinal(part) for part in match[0].split("."))


def _range(match: Match) -> Said | None:
    first, second = match[1], match[2]
    if is_year(first) and (is_year(second) or len(second) == 2):  # noqa: PLR2004
        ends = year(first), year(second) if is_year(second) else cardinal(second)
    elif second.startswith("0") or (first.startswith("0") and first != "0"):
        return None
    else:
        ends = decimal(first), decimal(second)
    return spaced([Part(f"{ends[0]} {_TO}", match.start()), Part(ends[1], match.start(2))])


def _fraction(match: Match) -> str | None:
    top, bottom = int(match[2]), int(match[3])
    if not 1 < bottom <= 100 or top >= bottom:  # noqa: PLR2004
        return None
    said = fraction(match[2], match[3])
    return f"{cardinal(match[1])} and {said.replace('one ', 'a ', 1)}" if match[1] else said


def _vulgar(match: Match) -> str:
    said = _VULGAR[match[2]]
    return f"{cardinal(match[1])} and {said.replace('one ', 'a ', 1)}" if match[1] else said


def _decade(match: Match) -> str | None:
    """`the 80s` are years, `80s` are seconds."""
    before = match.string[max(0, match.start() - 6) : match.start()].lower().split()
    if (
        len(match[1]) < _MOST_GROUPED
        and not _DECADE_WORDS.intersection(before[-1:])
        and match[0][0] not in "'’"
    ):
        return None
    return plural(year(match[1]) if len(match[1]) == _MOST_GROUPED else cardinal(match[1]))


def _power(match: Match) -> str:
    exponent = match[2].translate(_POWERS)
    short = {"2": "squared", "3": "cubed"}.get(exponent)
    tail = short or f"to the power of {_signed(exponent)}"
    return f"{_signed(match[1])} {tail}"


def _scientific(match: Match) -> str:
    return f"{_signed(match[1])} times ten to the power of {_signed(match[2].lstrip('+'))}"


def _size(match: Match) -> Said:
    """Width by height; four digits in pairs, as for years."""

    def side(text: str) -> str:
        return year(text) if len(text) == _MOST_GROUPED and text[0] != "0" else decimal(text)

    return spaced(
        [Part(f"{side(match[1])} by", match.start()), Part(side(match[2]), match.start(2))]
    )


def _plain(match: Match) -> str:
    text = match[0]
    if is_year(text) and (int(text) >= 1900 or _dated(match)):  # noqa: PLR2004
        return year(text)
    return decimal(text)


def _dated(match: Match) -> bool:
    before = match.string[max(0, match.start() - 8) : match.start()].lower()
    return before.split()[-1:] in (["in"], ["since"], ["until"], ["from"], ["by"], ["year"])


def _version(text: str) -> str:
    return " point ".join(cardinal(part) for part in text.split("."))


def _named_dollar(match: Match) -> str:
    money = MONEY[match[1] + match[2]]
    if match[4]:
        return f"{decimal(match[3])} {SCALES[match[4].strip()][0]} {money.many}"
    return _amount(match[3], money)


_DIGITS: Final = RuleSet(
    [
        *address_rules("en")[:2],
        *english_times.DIGIT_RULES,
        Rule(r"(\d{3}0|\d0)['’]?s\b", _decade),
        Rule(r"\d{1,3}(?:\.\d{1,3}){3}(?![\d.]\d)", _ip),
        Rule(r"()(\d+(?:\.\d+){2,})", _points),
        Rule(r"1?[ -]?\d{3}-\d{3}-\d{4}(?!\d)|\d{3}-\d{4}(?![\d-])", _phone),
        Rule(rf"({_NUMBER})\s?({CODE})\b", _coded),
        Rule(rf"({_NUMBER})%?{_DASH}({_NUMBER})\s?(%|{UNIT}(?![\w/]))", _unit_range),
        Rule(rf"({_NUMBER})\s?([%‰])", _percent),
        Rule(r"(\d+(?:\.\d+)?)(?:[eE]|\s?[x×]\s?10\^)([+-]?\d{1,3})\b", _scientific),
        Rule(rf"(?<![A-Za-z])({_NUMBER})\s?({UNIT})(?![\w/²³])", _unit),
        Rule(rf"({_NUMBER})(?:\^(?=\d|-\d))(-?\d{{1,3}})\b", _power),
        Rule(rf"({_NUMBER})([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)", _power),
        Rule(rf"(?<![-–—\d])({_NUMBER})[-–—]({_NUMBER})(?![-–—\d])", _range),
        Rule(r"(?:(\d{1,3})\s)?(\d{1,3})/(\d{1,3})(?![\d/])", _fraction),
        Rule(r"(\d+)?\s?([½⅓⅔¼¾⅛⅜⅝⅞])", _vulgar),
        Rule(r"(\d{1,3}(?:,\d{3})+|\d+)(?:st|nd|rd|th)\b", lambda m: ordinal(m[1])),
        Rule(r"(\d{1,5})[x×](\d{1,5})(?!\w)", _size),
        Rule(r"(\d{1,3}):(\d{1,3})(?![:\d])", lambda m: f"{cardinal(m[1])} to {cardinal(m[2])}"),
        Rule(r"24/7\b", lambda _: "twenty-four seven"),
        Rule(_NUMBER, _plain),
    ]
)
_SIGNS: Final = RuleSet(
    [
        *address_rules("en")[2:],
        Rule(
            rf"([-−]?)({SIGN})\s?({_NUMBER})(\s?{SCALE})?(?:{_DASH}{SIGN}?({_NUMBER})(?!\w))?",
            _money,
        ),
        Rule(r"\+\d{1,3}(?:[ -]?\(?\d{1,5}\)?){2,6}(?!\d)", _phone),
        Rule(r"\(\d{3}\)\s?\d{3}-\d{4}(?!\d)", _phone),
        Rule(rf"(?<![\w.)])([-−+]{_NUMBER})\s?({UNIT})(?![\w/²³])", _unit),
        Rule(rf"(?<![\w.)])([-−+]{_NUMBER})\s?(%)", _percent),
        Rule(rf"(?<![\w.)])[-−+]{_NUMBER}", lambda m: _signed(m[0])),
        Rule(r"()([½⅓⅔¼¾⅛⅜⅝⅞])", _vulgar),
        Rule(r"[’'](\d0)s\b", _decade),
        Rule(r"\#(?=\d)", lambda _: "number "),
        Rule(r"(?<=[A-Za-z)])²", lambda _: " squared"),
        Rule(r"(?<=[A-Za-z)])³", lambda _: " cubed"),
        Rule(r"&", lambda _: " and "),
        Rule(r"\s?(?:<=|≤)\s?", lambda _: " is less than or equal to "),
        Rule(r"\s?(?:>=|≥)\s?", lambda _: " is greater than or equal to "),
        Rule(r"\s?(?:!=|≠)\s?", lambda _: " is not equal to "),
        Rule(r"\s?≈\s?", lambda _: " is about "),
        Rule(r"[~≈](?=[\d$€£])", lambda _: "about "),
        Rule(r"\s?±\s?", lambda _: " plus or minus "),
        Rule(r"(?<=[\w)])\s?=\s?(?=[\w(-])", lambda _: " equals "),
        Rule(r"(?<=[\w)])(?:\s\+\s|\+)(?=[\w(])", lambda _: " plus "),
        Rule(r"(?<=\w)\+\+", lambda _: " plus plus"),
        Rule(r"(?<=\w)\+", lambda _: " plus"),
        Rule(r"(?<=[\dmM%])\s?[–—]\s?(?=[\d$€£])", lambda _: " to "),
        Rule(r"(?<=\d)\s?\*\*\s?(?=\d)", lambda _: " to the power of "),
        Rule(r"(?<=[\d)])\s?[×*]\s?(?=[\d(])", lambda _: " times "),
        Rule(r"(?<=[\d)])\s?÷\s?(?=[\d(])", lambda _: " divided by "),
        Rule(r"(?<=\d)\s[-−]\s(?=\d)", lambda _: " minus "),
        Rule(r"(?<=[\d)])\s?<\s?(?=[\d(])", lambda _: " is less than "),
        Rule(r"(?<=[\d)])\s?>\s?(?=[\d(])", lambda _: " is greater than "),
        Rule(r"°", lambda _: " degrees"),
        Rule(r"√", lambda _: "the square root of "),
        Rule(r"\s?(?:→|->|=>|⇒)\s?", lambda _: " to "),
        Rule(r"©", lambda _: "copyright "),
        Rule(r"[®™]", lambda _: " "),
        Rule(r"(?<=[A-Za-z])/(?=[A-Za-z])", lambda _: " or "),
        Rule(r"[_^=\\{}~]+", lambda _: " "),
    ]
)
_LETTERS: Final = RuleSet(
    [
        *address_rules("en")[:2],
        Rule(r"()[vV](\d+(?:\.\d+)*)(?!\w)", lambda m: "version " + _version(m[2])),
        Rule(rf"({CODE})\s?({_NUMBER})", _code_first),
        Rule(rf"(US|HK)(\$)({_NUMBER})(\s?{SCALE})?", _named_dollar),
        *english_times.LETTER_RULES,
        *LETTER_RULES,
    ]
)


def rules_at(char: str) -> RuleSet:
    """The rules for a place that begins with `char`."""
    if char.isdecimal():
        return _DIGITS
    return _LETTERS if char.isalpha() else _SIGNS
