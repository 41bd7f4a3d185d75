"""When a server's answer is too late: pure, so that it can be tested without waiting."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """How long something may take."""

    seconds: float
    complaint: str
    """What to tell a person when it took longer."""


class Deadlines:
    """Of one answer: its first piece, each further one, and all of it.

    Args:
        now_s: When it is asked for.
        first: Until its first piece.
        stall: From one piece to the next.
        whole: Until its end.
    """

    def __init__(self, now_s: float, *, first: Limit, stall: Limit, whole: Limit) -> None:
        self._next = first
        self._stall = stall
        self._whole = whole
        self._due_s = now_s + first.seconds
        self._end_s = now_s + whole.seconds
        self.has_begun = False

    def came(self, now_s: float) -> None:
        """A piece has come."""
        self.has_begun = True
        self._next = self._stall
        self._due_s = now_s + self._stall.seconds

    def next_s(self) -> float:
        """Nothing is waited for beyond this time."""
        return min(self._due_s, self._end_s)

    def is_over(self, now_s: float) -> bool:
        """Whether the whole answer has used up its time."""
        return now_s >= self._end_s

    def complaint(self) -> str:
        """What to tell a person about the deadline that passed."""
        return (self._whole if self._due_s > self._end_s else self._next).complaint
