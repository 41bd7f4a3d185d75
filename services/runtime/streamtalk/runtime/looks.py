"""How long whoever waits for others was away itself; no clock, no I/O.

A sleep of the machine, or a pause of a whole stack, looks to each process as if all the others had
been silent. Only a gap between its own looks tells the two apart.
"""

from typing import Final

JUMP_NS: Final = 2_000_000_000
"""After such a gap between two looks the owner was stopped, or the machine was."""

WAKING_NS: Final = 5_000_000_000
"""How long others may take to wake up: a whole stack wants the processors at once."""


class Looks:
    """Told of each look of its owner, who looks at least once a second."""

    def __init__(self) -> None:
        self._last_ns: int | None = None

    def look(self, now_ns: int) -> int:
        """What nobody can be blamed for: the owner's absence since its last look, and the waking.

        0 where it has come round as it should.
        """
        last_ns, self._last_ns = self._last_ns, now_ns
        if last_ns is None or now_ns - last_ns <= JUMP_NS:
            return 0
        return now_ns - last_ns + WAKING_NS
