"""Reads the list of devices anew without cutting off the direction that works."""

import threading
from collections.abc import Callable, Hashable

from streamtalk.audio_io.devices import Device, list_devices_elsewhere
from streamtalk.audio_io.engine import SoundSystem
from streamtalk.audio_io.watch import fingerprint

_NS = 1_000_000_000
_GLANCE_NS = _NS
_BLIND_NS = 30 * _NS
"""Between two looks without a sign that anything changed."""

_YIELD_NS = 2 * _NS
"""After this long the working direction gives way even while it is being used."""


class Rescan:
    """PortAudio reads its list only while nothing is open; here both directions agree when."""

    def __init__(self, system: SoundSystem, glance: Callable[[], Hashable] = fingerprint) -> None:
        self._system = system
        self._glance = glance
        self._seen = glance()
        self._glanced_ns = 0
        self._blind_ns: int | None = None
        self._open = 0
        self._asked_ns: int | None = None
        self._lock = threading.RLock()
        self.generation = 0
        """How often the list was read anew."""

    def entered(self) -> None:
        """A stream is open now."""
        with self._lock:
            self._open += 1

    def left(self) -> None:
        """A stream was closed."""
        with self._lock:
            self._open -= 1

    def changed(self, now_ns: int) -> bool:
        """Whether devices came or went since the list was read; looks at most once a second."""
        with self._lock:
            if now_ns - self._glanced_ns < _GLANCE_NS:
                return False
            self._glanced_ns = now_ns
            return self._glance() != self._seen

    def ask(self, now_ns: int, useful: Callable[[list[Device]], bool], *, sure: bool) -> bool:
        """Read the list now when nothing is open, else ask the open direction to give way.

        `sure`: there was a sign of change. Without one it looks at most every 30 s, and while the
        other direction works, only if a fresh process sees a `useful` list. True: it was read.
        """
        with self._lock:
            if not sure and not self._blind_look_due(now_ns):
                return False
            if not self._open:
                self._read()
                return True
        if sure or useful(list_devices_elsewhere()):
            with self._lock:
                self._seen = self._glance()
                self._asked_ns = now_ns if self._asked_ns is None else self._asked_ns
        return False

    def must_yield(self, now_ns: int, *, quiet: bool) -> bool:
        """Whether the direction that works shall close now, to open again at once."""
        asked_ns = self._asked_ns
        return asked_ns is not None and (quiet or now_ns - asked_ns > _YIELD_NS)

    def give_way(self) -> None:
        """Read the list if nothing is open; called by the direction that just closed."""
        with self._lock:
            if not self._open:
                self._read()

    def _blind_look_due(self, now_ns: int) -> bool:
        if self._blind_ns is None or now_ns - self._blind_ns >= _BLIND_NS:
            first = self._blind_ns is None
            self._blind_ns = now_ns
            return not first
        return False

    def _read(self) -> None:
        self._seen = self._glance()
        self._system.rescan()
        self._asked_ns = None
        self.generation += 1
