"""One frame at a time from the thread that owns the sockets to the thread that feeds the device."""

import threading
from collections.abc import Callable

Post = Callable[[Callable[[], None]], None]


class Handoff:
    """Asks another thread for a frame and waits a little; what comes late is used the next time."""

    def __init__(
        self, post: Post, make: Callable[[float], bytes | None], patience_s: float
    ) -> None:
        self._post = post
        self._make = make
        self._patience_s = patience_s
        self._made = threading.Event()
        self.pending = False
        """A frame was asked for and not yet taken."""

        self._frame: bytes | None = None

    def pull(self, delay_s: float) -> bytes | None:
        """The next frame, or None for silence; never waits longer than the patience."""
        if not self.pending:
            self.pending = True
            self._made.clear()
            self._post(lambda: self._answer(delay_s))
        if not self._made.wait(self._patience_s):
            return None
        self.pending = False
        frame, self._frame = self._frame, None
        return frame

    def _answer(self, delay_s: float) -> None:
        try:
            self._frame = self._make(delay_s)
        finally:
            self._made.set()
