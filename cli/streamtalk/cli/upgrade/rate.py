"""The speed of a download over its last seconds; no I/O, no clock."""

from collections import deque
from typing import Final

WINDOW_NS: Final = 5_000_000_000
"""Long enough to be calm, short enough to tell a network that has become slow."""


class Rate:
    """Takes how much is there at what time."""

    def __init__(self) -> None:
        self._points: deque[tuple[int, int]] = deque()

    def see(self, done_bytes: int, now_ns: int) -> None:
        """Take a point; what was there before the first one does not count as speed."""
        if self._points and done_bytes < self._points[-1][1]:
            self._points.clear()
        self._points.append((now_ns, done_bytes))
        while len(self._points) > 2 and now_ns - self._points[1][0] >= WINDOW_NS:  # noqa: PLR2004
            self._points.popleft()

    @property
    def bytes_per_s(self) -> float:
        """0 while nothing can be said."""
        if len(self._points) < 2:  # noqa: PLR2004 — a speed takes two points
            return 0.0
        (first_ns, first), (last_ns, last) = self._points[0], self._points[-1]
        return (last - first) * 1e9 / (last_ns - first_ns) if last_ns > first_ns else 0.0
