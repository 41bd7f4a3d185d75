"""How far a fetch is, for people and for whoever may stop it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How much of a model is here."""

    file: str
    done_bytes: int
    total_bytes: int

    def __str__(self) -> str:
        share = self.done_bytes / self.total_bytes if self.total_bytes else 1.0
        return f"{self.done_bytes / 1e6:.0f} of {self.total_bytes / 1e6:.0f} MB, {share:.0%}"


Report = Callable[[Progress], bool]
"""Hears of every part and every file; false: stop, and keep what is there for the next time."""


class StoppedError(Exception):
    """The caller wants no more; never leaves `fetch`."""
