"""What an instance's own work shows of it: a passive probe; no I/O, no clock."""

from collections import deque
from typing import Final

from streamtalk.proto.health import Work

FAILURES_IN_A_ROW: Final = 3
"""So many pieces of work without one that comes out right, and the engine is not to be trusted."""

_RECENT: Final = 64


class Evidence:
    """Counts pieces of work by how they came out, and remembers how long the last ones took."""

    def __init__(self) -> None:
        self._done = 0
        self._failed = 0
        self._recent_ms: deque[float] = deque(maxlen=_RECENT)
        self._doubts_in_a_row = 0
        self.failures_in_a_row = 0
        self.reason = ""
        """Why the last failure was one."""

    def succeeded(self, duration_ms: float | None = None) -> None:
        """A piece came out right; without a duration it is counted, but not timed."""
        self._done += 1
        self.cleared()
        if duration_ms is not None:
            self._recent_ms.append(duration_ms)

    def doubted(self) -> None:
        """A piece came out in a way that a working engine has now and then, but not always."""
        self._done += 1
        self._doubts_in_a_row += 1

    def cleared(self) -> None:
        """The engine has proved itself; what it did before counts no longer."""
        self.failures_in_a_row = self._doubts_in_a_row = 0

    def failed(self, reason: str) -> None:
        """A piece went wrong, or only looked as if it had come out."""
        self._failed += 1
        self.failures_in_a_row += 1
        self.reason = reason

    @property
    def done(self) -> int:
        """Pieces that came out."""
        return self._done

    @property
    def doubts(self) -> bool:
        """Whether the engine ought to prove itself, ready as it is."""
        return self._doubts_in_a_row >= FAILURES_IN_A_ROW

    @property
    def condemns(self) -> bool:
        """Whether it is enough to take readiness away."""
        return self.failures_in_a_row >= FAILURES_IN_A_ROW

    def work(self) -> Work:
        """The figures for a probe."""
        ordered = sorted(self._recent_ms)
        if not ordered:
            return Work(done=self._done, failed=self._failed)
        return Work(
            done=self._done,
            failed=self._failed,
            recent=len(ordered),
            median_ms=round(ordered[len(ordered) // 2], 1),
            worst_ms=round(ordered[-1], 1),
        )
