"""The share of the processor that one thread takes, lowered for work that can wait."""

import contextlib
import os
import sys
import threading
from pathlib import Path
from typing import Final

_THREADS: Final = Path("/proc/self/task")


class ThreadNiceness:
    """Of the thread that calls `give_way`; does nothing where niceness cannot be taken back."""

    def __init__(self, background: int) -> None:
        self._ordinary = os.getpriority(os.PRIO_PROCESS, 0)
        self._background = self._ordinary
        if background and _can_be_taken_back():
            self._background = min(19, self._ordinary + background)
        self._lowered = False
        self._thread = 0

    @property
    def effective(self) -> bool:
        """Whether giving way makes a difference here."""
        return self._background != self._ordinary

    def give_way(self, *, wanted: bool) -> None:
        """Let other threads of the machine go first from now on, or no longer."""
        if wanted != self._lowered and self.effective:
            self._lowered = wanted
            self._thread = threading.get_native_id()
            level = self._background if wanted else self._ordinary
            os.setpriority(os.PRIO_PROCESS, self._thread, level)

    def hurry(self) -> None:
        """Somebody waits behind what gives way: let it be done soon. Any thread."""
        if self._lowered:
            with contextlib.suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, self._thread, self._ordinary)

    def level(self) -> None:
        """Give every thread of the process its ordinary share, also those a library has begun."""
        if not self.effective:
            return
        self._lowered = False
        for thread in _THREADS.iterdir():
            with contextlib.suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, int(thread.name), self._ordinary)


def _can_be_taken_back() -> bool:
    """Tried on a thread of its own: only Linux has niceness by thread, and not for every user."""
    if sys.platform != "linux":
        return False
    allowed: list[bool] = []

    def attempt() -> None:
        thread = threading.get_native_id()
        level = os.getpriority(os.PRIO_PROCESS, thread)
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, level + 1)
            os.setpriority(os.PRIO_PROCESS, thread, level)
            allowed.append(True)

    thread = threading.Thread(target=attempt, name="niceness")
    thread.start()
    thread.join()
    return bool(allowed)
