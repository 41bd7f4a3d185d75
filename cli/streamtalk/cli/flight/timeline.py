"""Virtual time: what is due next happens next, and in between no time passes."""

import heapq
import itertools
from collections.abc import Callable
from typing import Final

GENERATED: Final = 1 << 60
"""Order of what was not recorded: after everything recorded of the same moment."""


class Timeline:
    """Functions by (time, order, when they were added)."""

    def __init__(self, now_ns: int) -> None:
        self.now_ns = now_ns
        self._added = itertools.count()
        self._due: list[tuple[int, int, int, Callable[[], None]]] = []

    def clock_ns(self) -> int:
        """The time, as a clock to be given to somebody."""
        return self.now_ns

    def at(self, due_ns: int, function: Callable[[], None], order: int = GENERATED) -> None:
        """Have something happen, no earlier than now."""
        entry = (max(due_ns, self.now_ns), order, next(self._added), function)
        heapq.heappush(self._due, entry)

    def advance(self) -> bool:
        """Let the next thing happen; false when there is none."""
        if not self._due:
            return False
        self.now_ns, _, _, function = heapq.heappop(self._due)
        function()
        return True
