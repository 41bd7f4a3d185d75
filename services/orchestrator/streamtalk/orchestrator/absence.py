"""Which stages are away, since when, and what a person is told of it; no I/O, no clock."""

from typing import Final

from streamtalk.orchestrator.notices import AWAY

_SHOWN_NS: Final = 1_000_000_000
"""A stage that is back sooner is not worth a word."""

_LONG_NS: Final = 8_000_000_000
"""Longer than a restart takes: whoever is away for so long is not waited for."""


class Absences:
    """Follows which stages have an instance to call."""

    def __init__(self) -> None:
        self._since_ns: dict[str, int] = {}
        self._told: set[str] = set()

    def see(self, stage: str, *, there: bool, now_ns: int) -> None:
        """Note whether a stage has an instance now."""
        if there:
            self._since_ns.pop(stage, None)
            self._told.discard(stage)
        else:
            self._since_ns.setdefault(stage, now_ns)

    def notice(self, now_ns: int) -> str:
        """For a view: the gravest absence in a sentence, or nothing."""
        away = (stage for stage in AWAY if now_ns - self._since_ns.get(stage, now_ns) > _SHOWN_NS)
        return next((AWAY[stage] for stage in away), "")

    def is_long(self, stage: str, now_ns: int) -> bool:
        """Whether there is no use in waiting for it."""
        return now_ns - self._since_ns.get(stage, now_ns) > _LONG_NS

    def to_tell(self, stage: str, now_ns: int) -> bool:
        """Whether it is time to say aloud that the stage is away; true once for each absence."""
        if stage in self._told or not self.is_long(stage, now_ns):
            return False
        self._told.add(stage)
        return True
