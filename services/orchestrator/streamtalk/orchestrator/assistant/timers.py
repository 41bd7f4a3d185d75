"""Which timers are running and which are due; keeps no clock."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer as it is stored; it outlives the process."""

    timer_id: str
    session: str
    due_unix_ns: int
    """When it is due, in nanoseconds of Unix time."""

    label: str
    """What it is called: `5 minute`, `pasta`, or `to call Anna` for a reminder."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A timer that runs in this process."""

    timer: Timer
    due_ns: int
    """When it is due on the monotonic clock."""

    def left_s(self, now_ns: int) -> int:
        """Whole seconds that are left, rounded up; 0 when it is due."""
        return max(0, -((now_ns - self.due_ns) // 1_000_000_000))


class TimerList:
    """The running timers of all sessions, in the order in which they are due."""

    def __init__(self) -> None:
        self._pending: list[Pending] = []

    def add(self, timer: Timer, now_unix_ns: int, now_ns: int) -> Pending:
        """Run `timer`; one that became due while nobody looked is due at once.

        The same timer again replaces the one before.
        """
        self.cancel({timer.timer_id})
        left_ns = max(0, timer.due_unix_ns - now_unix_ns)
        pending = Pending(timer, now_ns + left_ns)
        self._pending.append(pending)
        self._pending.sort(key=lambda item: item.due_ns)
        return pending

    def cancel(self, timer_ids: Collection[str]) -> list[Timer]:
        """Forget these timers; returns those that were running."""
        gone = [item.timer for item in self._pending if item.timer.timer_id in timer_ids]
        self._pending = [item for item in self._pending if item.timer.timer_id not in timer_ids]
        return gone

    def due(self, now_ns: int) -> list[Timer]:
        """Take out the timers that are due by `now_ns`, the earliest first."""
        due = [item.timer for item in self._pending if item.due_ns <= now_ns]
        self._pending = self._pending[len(due) :]
        return due

    def next_ns(self) -> int | None:
        """When the next timer is due on the monotonic clock; None without timers."""
        return self._pending[0].due_ns if self._pending else None

    def of(self, session: str) -> tuple[Pending, ...]:
        """The running timers of one session, the earliest first."""
        return tuple(item for item in self._pending if item.timer.session == session)
