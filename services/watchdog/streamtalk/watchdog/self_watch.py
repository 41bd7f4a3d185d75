"""A watchdog that no longer comes round ends itself; supervisord starts the next.

The registry watches the watchdog, too. This is for the case that both hang.
"""

import faulthandler
import os
import threading
import time
from typing import Final

from streamtalk.runtime.looks import Looks

HANG_NS: Final = 20_000_000_000
_PERIOD_S: Final = 1.0


class OwnPulse:
    """Whether the rounds still come; no clock, no I/O."""

    def __init__(self) -> None:
        self._looks = Looks()
        self._last_ns: int | None = None

    def beat(self, now_ns: int) -> None:
        """A round has begun."""
        self._last_ns = now_ns

    def hangs(self, now_ns: int) -> bool:
        """Whether the rounds have ceased; asked once a second.

        A sleep of the machine, which stops whoever asks as well, does not count.
        """
        if self._looks.look(now_ns) and self._last_ns is not None:
            self._last_ns = now_ns
        return self._last_ns is not None and now_ns - self._last_ns > HANG_NS


class SelfWatch:
    """Asks once a second, on a thread of its own; prints every stack and exits when it hangs."""

    def __init__(self) -> None:
        self._pulse = OwnPulse()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="self-watch", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def beat(self, now_ns: int) -> None:
        """A round has begun."""
        self._pulse.beat(now_ns)

    def close(self) -> None:
        """Ask no more."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(2 * _PERIOD_S)

    def _work(self) -> None:
        while not self._closing.wait(_PERIOD_S):
            if self._pulse.hangs(time.monotonic_ns()):
                faulthandler.dump_traceback()
                os._exit(1)
