"""When an instance whose work went wrong proves itself; no I/O, no clock."""

from typing import Final

FIRST_PAUSE_NS: Final = 1_000_000_000
LONGEST_PAUSE_NS: Final = 30_000_000_000


class Recovery:
    """Each proof waits twice as long as the one before, until real work comes out right again.

    An engine that does its canned request and fails at everything else is thus tried ever more
    rarely.
    """

    def __init__(self) -> None:
        self._pause_ns = FIRST_PAUSE_NS
        self._due_ns: int | None = None
        self._done = 0

    def begin(self, now_ns: int, done: int) -> None:
        """The work has gone wrong after `done` pieces that came out; begun is begun."""
        if self._due_ns is not None:
            return
        if done > self._done:
            self._pause_ns = FIRST_PAUSE_NS
        self._done = done
        self._due_ns = now_ns + self._pause_ns

    def is_due(self, now_ns: int) -> bool:
        """Whether it is time for a proof."""
        return self._due_ns is not None and now_ns >= self._due_ns

    def tried(self, now_ns: int) -> None:
        """A proof begins; the next one waits for longer."""
        self._pause_ns = min(2 * self._pause_ns, LONGEST_PAUSE_NS)
        self._due_ns = now_ns + self._pause_ns

    def end(self) -> None:
        """No proof is wanted any more."""
        self._due_ns = None
