"""What has come for each piece, between the thread that reads and the thread that makes sound."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Final

FULL_BYTES: Final = 256 << 10
"""A piece whose inbox holds this much is read no further until some is taken: 5 s of sound."""

TAKEN_BYTES: Final = 32 << 10
"""Most that one step takes, so that no step is long: 0.7 s of sound."""


class Arrivals:
    """All inboxes of an engine: whoever waits for one wakes when something comes for any.

    So a step of a piece that waits never keeps another one's sound waiting.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.untaken: set[Inbox] = set()
        """Inboxes with something in them."""


class Inbox:
    """Bytes of one piece, its end, and its failure. `put` and `end` are called by the reader."""

    def __init__(self, arrivals: Arrivals, has_room: Callable[[], None]) -> None:
        self._arrivals = arrivals
        self._has_room = has_room
        self._chunks: deque[bytes] = deque()
        self._held_bytes = 0
        self._is_over = False
        self._closed = False
        self._error: BaseException | None = None

    @property
    def is_full(self) -> bool:
        """Whether the reader has to wait until `has_room` is called."""
        return self._held_bytes >= FULL_BYTES and not self._closed

    def put(self, raw: bytes) -> None:
        """Bytes have come."""
        with self._arrivals.changed:
            self._chunks += [raw[at : at + TAKEN_BYTES] for at in range(0, len(raw), TAKEN_BYTES)]
            self._held_bytes += len(raw)
            self._tell()

    def end(self, error: BaseException | None = None) -> None:
        """No more will come; what did is taken first, then `error` is raised."""
        with self._arrivals.changed:
            self._is_over, self._error = True, error
            self._tell()

    def take(self, wait_s: float) -> bytes | None:
        """What is there, up to `TAKEN_BYTES`; waits for it only while no other piece has any.

        None: all was taken. Raises what `end` was given.
        """
        with self._arrivals.changed:
            if not (self._chunks or self._is_over or self._arrivals.untaken):
                self._arrivals.changed.wait(wait_s)
            if not self._chunks and self._is_over:
                self._arrivals.untaken.discard(self)
                if self._error is not None:
                    raise self._error
                return None
            return self._take()

    def close(self) -> None:
        """Nobody takes from here any more."""
        with self._arrivals.changed:
            self._closed = True
            self._arrivals.untaken.discard(self)
            self._chunks.clear()

    def _take(self) -> bytes:
        was_full = self.is_full
        taken = b""
        while self._chunks and len(taken) + len(self._chunks[0]) <= TAKEN_BYTES:
            taken += self._chunks.popleft()
        self._held_bytes -= len(taken)
        if not (self._chunks or self._is_over):
            self._arrivals.untaken.discard(self)
        if was_full and not self.is_full:
            self._has_room()
        return taken

    def _tell(self) -> None:
        if not self._closed:
            self._arrivals.untaken.add(self)
            self._arrivals.changed.notify_all()
