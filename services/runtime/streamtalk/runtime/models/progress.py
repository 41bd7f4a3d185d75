"""How far a fetch is, for people and for whoever may stop it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How much of a model is here."""

    model: str
    file: str
    done_bytes: int
    total_bytes: int

    @property
    def percent(self) -> int:
        """Whole hundredths of the bytes, from 0 to 100."""
        return 100 * self.done_bytes // self.total_bytes if self.total_bytes else 100

    def __str__(self) -> str:
        megabytes = f"{self.done_bytes / 1e6:.0f} of {self.total_bytes / 1e6:.0f} MB"
        return f"fetching {self.model}: {megabytes}, {self.percent} %"


Report = Callable[[Progress], bool]
"""Hears of every part and every file; false: stop, and keep what is there for the next time."""


class StoppedError(Exception):
    """The caller wants no more; never leaves `fetch`."""
