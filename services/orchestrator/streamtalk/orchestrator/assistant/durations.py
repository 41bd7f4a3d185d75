"""Spans of time in words: `one and a half hours`, `an hour and ten minutes`, `90 sec`."""

from fractions import Fraction
from typing import Final

from streamtalk.orchestrator.assistant.numerals import read_number
from streamtalk.orchestrator.assistant.words import Words, starts_with

UNIT_S: Final = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
"""Seconds of each unit, by its singular."""

_WRITTEN: Final = {
    "s": "second",
    "sec": "second",
    "secs": "second",
    "m": "minute",
    "min": "minute",
    "mins": "minute",
    "h": "hour",
    "hr": "hour",
    "hrs": "hour",
}
_UNITS: Final = (
    {word: UNIT_S[name] for word, name in _WRITTEN.items()}
    | UNIT_S
    | {f"{name}s": size for name, size in UNIT_S.items()}
)
FIXED: Final = {
    "half a minute": 30,
    "half an hour": 1_800,
    "half a day": 43_200,
    "a quarter of an hour": 900,
    "quarter of an hour": 900,
    "three quarters of an hour": 2_700,
}
"""Fixed phrases and their seconds."""

_AMOUNTS: Final[dict[str, Fraction]] = {"a couple of": Fraction(2), "half a": Fraction(1, 2)}
_HALF: Final = "and a half"


def read_duration(words: Words, at: int) -> tuple[Fraction, int] | None:
    """Seconds of the longest span of time that begins at `at`, and the index after it."""
    total, found = Fraction(0), _read_part(words, at)
    begun = at
    while found is not None:
        total, at = total + found[0], found[1]
        joined = at + 1 if starts_with(words, at, "and") else at
        found = _read_part(words, joined)
    return None if at == begun else (total, at)


def say_duration(seconds: int) -> str:
    """`seconds` as days, hours, minutes and seconds, for the eye and for a voice."""
    parts = [f"{count} {name}" + ("" if count == 1 else "s") for count, name in _parts(seconds)]
    if len(parts) > 1:
        return f"{', '.join(parts[:-1])} and {parts[-1]}"
    return parts[0] if parts else "0 seconds"


def name_duration(seconds: int) -> str:
    """`seconds` as it stands before a noun: `5 minute`, `1 hour 30 minute`."""
    return " ".join(f"{count} {name}" for count, name in _parts(seconds))


def _parts(seconds: int) -> list[tuple[int, str]]:
    """How often each unit is in `seconds`, the largest first, zeros left out."""
    parts = []
    for name, size in reversed(UNIT_S.items()):
        count, seconds = divmod(seconds, size)
        parts.append((count, name))
    return [part for part in parts if part[0]]


def _read_part(words: Words, at: int) -> tuple[Fraction, int] | None:
    """One amount with its unit, and `and a half` before or after the unit."""
    for phrase, seconds in FIXED.items():
        if after := starts_with(words, at, phrase):
            return Fraction(seconds), after
    amount = _read_amount(words, at)
    if amount is None:
        return None
    value, at = amount
    if after := starts_with(words, at, _HALF):
        value, at = value + Fraction(1, 2), after
    unit = _UNITS.get(words[at]) if at < len(words) else None
    if unit is None:
        return None
    if after := starts_with(words, at + 1, _HALF):
        return (value + Fraction(1, 2)) * unit, after
    return value * unit, at + 1


def _read_amount(words: Words, at: int) -> tuple[Fraction, int] | None:
    for phrase, value in _AMOUNTS.items():
        if after := starts_with(words, at, phrase):
            return value, after
    number = read_number(words, at)
    if number is not None:
        return number
    article = at < len(words) and words[at] in {"a", "an"}
    return (Fraction(1), at + 1) if article else None
