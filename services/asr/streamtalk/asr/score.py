"""Word and character error rates: Levenshtein distance over the reference's length."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_ONES: Final = """zero one two three four five six seven eight nine ten eleven twelve thirteen
fourteen fifteen sixteen seventeen eighteen nineteen"""
_TENS: Final = "twenty thirty forty fifty sixty seventy eighty ninety"
_HUNDRED: Final = 100


@dataclass(frozen=True)
class ErrorRate:
    """Errors among the units of the reference; adds up over recordings."""

    errors: int
    units: int

    @property
    def rate(self) -> float:
        """Errors per unit; may exceed 1."""
        return self.errors / max(self.units, 1)

    def __add__(self, other: "ErrorRate") -> "ErrorRate":
        """Both together, so that long recordings weigh more."""
        return ErrorRate(self.errors + other.errors, self.units + other.units)


def word_errors(reference: str, heard: str) -> ErrorRate:
    """Substitutions, insertions and deletions of words, after `normalise`."""
    return _errors(normalise(reference).split(), normalise(heard).split())


def character_errors(reference: str, heard: str) -> ErrorRate:
    """The same for characters without spaces: the measure for Chinese. Digits stay digits."""
    return _errors(_characters(reference), _characters(heard))


def normalise(text: str) -> str:
    """Lower case, no punctuation but apostrophes, numbers below a hundred in English words."""
    return _bare(re.sub(r"\d+", lambda found: f" {_spell(found[0])} ", _folded(text)))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower().replace("’", "'")


def _bare(folded: str) -> str:
    kept = (c if c.isalnum() or c == "'" else " " for c in folded)
    return " ".join("".join(kept).split())


def _characters(text: str) -> str:
    return _bare(_folded(text)).replace(" ", "")


def distance(reference: Sequence[str], heard: Sequence[str]) -> int:
    """Levenshtein distance, every edit at cost 1."""
    row = list(range(len(heard) + 1))
    for index, wanted in enumerate(reference, 1):
        above, row[0] = row[0], index
        for column, unit in enumerate(heard, 1):
            cost = min(row[column] + 1, row[column - 1] + 1, above + (wanted != unit))
            above, row[column] = row[column], cost
    return row[-1]


def _errors(reference: Sequence[str], heard: Sequence[str]) -> ErrorRate:
    from rapidfuzz.distance import Levenshtein  # noqa: PLC0415 — engines need `distance` alone

    return ErrorRate(int(Levenshtein.distance(reference, heard)), len(reference))


def _spell(digits: str) -> str:
    number = int(digits)
    small = _ONES.split()
    if number < len(small):
        return small[number]
    if number >= _HUNDRED:
        return digits
    tens, ones = divmod(number, 10)
    return f"{_TENS.split()[tens - 2]} {small[ones] if ones else ''}"
