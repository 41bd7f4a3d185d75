"""Entries are written by a thread of their own: neither the voice nor a caller waits for a disk."""

import logging
import queue
import threading
from typing import Final

from streamtalk.tts.cache.entry import Piece, encode_piece
from streamtalk.tts.cache.store import PieceStore

_WAITING: Final = 16
"""Pieces that may wait; further ones are not kept. A piece of 5 s takes 0.5 MB meanwhile."""


class CacheWriter:
    """Puts pieces into the store, in order; what fails is logged and not kept."""

    def __init__(self, store: PieceStore, log: logging.Logger) -> None:
        self._store = store
        self._log = log
        self._queue: queue.Queue[tuple[str, Piece] | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._write_all, name="cache", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, key: str, piece: Piece) -> bool:
        """Have a piece kept soon; false when too many wait. Any thread."""
        try:
            self._queue.put_nowait((key, piece))
        except queue.Full:
            return False
        return True

    def close(self, timeout_s: float) -> bool:
        """Write what waits; returns whether that was done in time. The thread is left otherwise."""
        if not self._thread.is_alive():
            return True
        try:
            self._queue.put(None, timeout=timeout_s)
        except queue.Full:
            return False
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _write_all(self) -> None:
        while (item := self._queue.get()) is not None:
            key, piece = item
            try:
                self._store.put(key, encode_piece(key, piece))
            except OSError as error:
                fields = {"reason": error.strerror or str(error)}
                self._log.warning("piece not cached", extra={"fields": fields})
