"""Error rates by language with their uncertainty. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from streamtalk.asr.score import ErrorRate, character_errors, word_errors

BY_CHARACTER: Final = frozenset({"zh", "ja", "yue", "th", "ko"})
"""Languages whose errors are counted by character: they have no spaces, or few."""

_DRAWS: Final = 2_000
_SEED: Final = 1
_SHARES: Final = (2.5, 97.5)


@dataclass(frozen=True)
class Scored:
    """One recording: its language, and the errors in what was heard of it."""

    language: str
    rate: ErrorRate


def score(language: str, reference: str, heard: str) -> Scored:
    """Count the errors of one recording, in the unit of its language."""
    primary = language.partition("-")[0].lower()
    count = character_errors if primary in BY_CHARACTER else word_errors
    return Scored(primary, count(reference, heard))


def interval(rates: list[ErrorRate]) -> tuple[float, float]:
    """95 % of the pooled rate by bootstrap over recordings (Bisani and Ney 2004), fixed seed."""
    errors = np.array([rate.errors for rate in rates], np.float64)
    units = np.array([rate.units for rate in rates], np.float64)
    drawn = np.random.default_rng(_SEED).integers(0, len(rates), (_DRAWS, len(rates)))
    pooled = errors[drawn].sum(axis=1) / np.maximum(units[drawn].sum(axis=1), 1)
    low, high = np.percentile(pooled, _SHARES)
    return float(low), float(high)


def table(scored: Iterable[Scored]) -> list[dict[str, Any]]:
    """A row for each language and, of several, one for all: its units are words and characters."""
    by_language: dict[str, list[ErrorRate]] = {}
    for each in scored:
        by_language.setdefault(each.language, []).append(each.rate)
    found = [_row(name, rates) for name, rates in sorted(by_language.items())]
    if len(by_language) > 1:
        found.append(_row("total", [rate for rates in by_language.values() for rate in rates]))
    return found


def _row(name: str, rates: list[ErrorRate]) -> dict[str, Any]:
    total = sum(rates, ErrorRate(0, 0))
    low, high = interval(rates)
    unit = "character" if name in BY_CHARACTER else "word"
    return {
        "language": name,
        "unit": "word or character" if name == "total" else unit,
        "recordings": len(rates),
        "units": total.units,
        "errors": total.errors,
        "error_rate": round(total.rate, 4),
        "interval_95": [round(low, 4), round(high, 4)],
    }
