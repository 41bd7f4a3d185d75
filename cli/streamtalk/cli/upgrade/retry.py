"""When to try again what could not be done; no I/O, no clock."""

from dataclasses import dataclass
from typing import Final

FIRST_S: Final = 2.0
LONGEST_S: Final = 600.0


@dataclass
class Retry:
    """Each pause is twice as long as the one before; the same reason is told only once."""

    _pause_s: float = FIRST_S
    _told: str = ""

    def pause_s(self) -> float:
        """How long to wait now."""
        pause_s, self._pause_s = self._pause_s, min(2 * self._pause_s, LONGEST_S)
        return pause_s

    def is_news(self, reason: str) -> bool:
        """Whether a person does not know the reason yet."""
        news, self._told = reason != self._told, reason
        return news
