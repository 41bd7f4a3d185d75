"""What the capture and the playback thread have in common: a line, a round, an end."""

import logging
import threading
from abc import ABC, abstractmethod
from typing import Generic

from streamtalk.audio_io.line import Line, S


class DeviceThread(ABC, Generic[S]):
    """Calls `_step` again and again; one that fails is logged, and the thread goes on."""

    def __init__(self, line: Line[S], name: str, log: logging.Logger) -> None:
        self.line = line
        self._log = log
        self._wake = threading.Event()
        self._running = True
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @abstractmethod
    def _step(self) -> float | None:
        """Do what is due; seconds until the next round, None: until something is wanted."""

    def start(self) -> None:
        """Start the thread; the device stays closed until it is wanted."""
        self._thread.start()

    def close(self) -> None:
        """Close the device, dropping what is queued, and end the thread."""
        self._running = False
        self._want(wanted=False)
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)

    def _want(self, *, wanted: bool) -> None:
        self.line.wanted = wanted
        self._wake.set()

    def _run(self) -> None:
        while self._running:
            self._wake.wait(self._round())
            self._wake.clear()
        self.line.close()

    def _round(self) -> float | None:
        try:
            return self._step()
        except Exception:  # noqa: BLE001 — the boundary of the thread
            self._log.exception("%s failed; it goes on", self._thread.name)
            return 1.0
