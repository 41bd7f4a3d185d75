"""Time and date in English sentences."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final, cast

from streamtalk.orchestrator.assistant.answer import Answer, Context
from streamtalk.orchestrator.assistant.pattern import Slots

DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_ORDINALS: Final = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}
_NOON: Final = 12
_FARTHEST_S: Final = 366 * 86_400


def say_time(moment: datetime) -> str:
    """The time on a twelve-hour clock: `3:05 PM`, `9 AM`, `12 noon`."""
    half = "AM" if moment.hour < _NOON else "PM"
    if moment.minute:
        return f"{moment.hour % _NOON or _NOON}:{moment.minute:02d} {half}"
    if moment.hour % _NOON == 0:
        return "12 noon" if moment.hour else "12 midnight"
    return f"{moment.hour % _NOON} {half}"


def say_date(moment: datetime) -> str:
    """The date without the year: `Sunday, November 23rd`."""
    suffix = _ORDINALS.get(moment.day, "th")
    return f"{DAYS[moment.weekday()]}, {MONTHS[moment.month - 1]} {moment.day}{suffix}"


def _time(_slots: Slots, context: Context) -> Answer:
    return Answer(f"It's {say_time(context.now)}.")


def _time_in(slots: Slots, context: Context) -> Answer:
    seconds = cast("Fraction", slots["duration"])
    if seconds > _FARTHEST_S:
        return Answer("That is more than a year away. I don't look that far ahead.")
    return Answer(f"It will be {say_time(context.now + timedelta(seconds=float(seconds)))}.")


def _date(_slots: Slots, context: Context) -> Answer:
    return Answer(f"Today is {say_date(context.now)}, {context.now.year}.")


def _tomorrow(_slots: Slots, context: Context) -> Answer:
    return Answer(f"Tomorrow is {say_date(context.now + timedelta(days=1))}.")


def _yesterday(_slots: Slots, context: Context) -> Answer:
    return Answer(f"Yesterday was {say_date(context.now - timedelta(days=1))}.")


def _month(_slots: Slots, context: Context) -> Answer:
    return Answer(f"It's {MONTHS[context.now.month - 1]}.")


def _year(_slots: Slots, context: Context) -> Answer:
    return Answer(f"It's {context.now.year}.")


CLOCK: Final[Mapping[str, Callable[[Slots, Context], Answer]]] = {
    "time": _time,
    "time_in": _time_in,
    "date": _date,
    "tomorrow": _tomorrow,
    "yesterday": _yesterday,
    "month": _month,
    "year": _year,
}
"""Answers by intent."""
