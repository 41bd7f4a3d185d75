"""English dates and times of day."""

from typing import Final

from streamtalk.tts.normal.located import Part, Said
from streamtalk.tts.normal.numbers_en import cardinal, ordinal, year
from streamtalk.tts.normal.scanner import Match, Rule
from streamtalk.tts.normal.web import spaced

MONTHS: Final = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
]  # fmt: skip
_SHORT: Final = {name[:3].lower(): name for name in MONTHS} | {"sept": "September"}
_MONTH: Final = (
    "(?:" + "|".join(MONTHS) + r"|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\b\.?)"
)
_YEAR: Final = r"((?:1[1-9]|20)\d\d)(?!\d|[.,]\d)"
_DAY: Final = r"(0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?(?![\d:%]|[.,]\d)"
_MONTHS_IN_YEAR: Final = 12
_DAYS_IN_MONTH: Final = 31
_NOON: Final = 12
_MINUTES: Final = 60


def month(name: str) -> str:
    """The whole name of `Sept.` or `March`."""
    return name if name in MONTHS else _SHORT[name.rstrip(".").lower()]


def _date(year_said: str, number: str, day: str) -> str | None:
    if not (1 <= int(number) <= _MONTHS_IN_YEAR and 1 <= int(day) <= _DAYS_IN_MONTH):
        return None
    tail = f", {year_said}" if year_said else ""
    return f"{MONTHS[int(number) - 1]} {ordinal(str(int(day)))}{tail}"


def _iso(match: Match) -> str | None:
    return _date(year(match[1]), match[2], match[3])


def _slashed(match: Match) -> str | None:
    full = match[3] if len(match[3]) == len("2024") else "20" + match[3]
    said = year(full)
    return _date(said, match[1], match[2]) or _date(said, match[2], match[1])


def _month_day(match: Match) -> Said:
    said = [
        Part(month(match[1]), match.start(1)),
        Part(ordinal(str(int(match[2]))), match.start(2)),
    ]
    if match[3]:
        said[-1] = Part(said[-1].text + ",", said[-1].at)
        said.append(Part(year(match[3]), match.start(3)))
    return spaced(said)


def _day_month(match: Match) -> Said:
    said = [
        Part("the " + ordinal(str(int(match[1]))) + " of", match.start(1)),
        Part(month(match[2]), match.start(2)),
    ]
    if match[3]:
        said.append(Part(year(match[3]), match.start(3)))
    return spaced(said)


def _month_year(match: Match) -> Said:
    return spaced([Part(month(match[1]), match.start(1)), Part(year(match[2]), match.start(2))])


def _clock(match: Match) -> str | None:
    hour, minute, half = int(match[1]), int(match[2]), match[4]
    if hour > 24 or minute >= _MINUTES:  # noqa: PLR2004
        return None
    said = cardinal(str(hour)) if hour else ("twelve" if half else "zero")
    if minute:
        said += f" oh {cardinal(str(minute))}" if minute < 10 else f" {cardinal(str(minute))}"  # noqa: PLR2004
    elif not half:
        said += " o'clock" if 0 < hour <= _NOON else " hundred"
    if match[3]:
        said += f" and {cardinal(str(int(match[3])))} seconds"
    return f"{said} {half[0].upper()} M" if half else said


def _hour(match: Match) -> str | None:
    if not 1 <= int(match[1]) <= _NOON:
        return None
    return f"{cardinal(match[1])} {match[2][0].upper()} M"


DIGIT_RULES: Final = [
    Rule(r"(\d{4})-(\d{2})-(\d{2})(?![\d-])(?:T(?=\d))?", _iso),
    Rule(r"(\d{4})/(\d{1,2})/(\d{1,2})(?![\d/])", _iso),
    Rule(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d\d)(?![\d/])", _slashed),
    Rule(
        r"(\d{1,2}):(\d\d)(?::(\d\d))?(?![:\d])(?:\s?([AaPp])(?:\.[Mm]\.|[Mm]\b))?",
        _clock,
    ),
    Rule(r"(\d{1,2})\s?([AaPp])(?:\.[Mm]\.|[Mm]\b)", _hour),
    Rule(rf"{_DAY}\s(?:of\s)?({_MONTH})(?:,?\s{_YEAR})?(?!\w)", _day_month),
]
LETTER_RULES: Final = [
    Rule(rf"({_MONTH})\s{_DAY}(?:,?\s{_YEAR})?(?!\w)", _month_day),
    Rule(rf"({_MONTH}),?\s{_YEAR}(?!\w)", _month_year),
]
