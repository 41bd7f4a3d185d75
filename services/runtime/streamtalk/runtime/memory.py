"""How much memory this process holds, and giving back what it no longer needs."""

import contextlib
import ctypes
import gc
import os
from pathlib import Path
from typing import Final

_STATM: Final = Path("/proc/self/statm")
_GROWN_MB: Final = 0.25


def rss_mb() -> float:
    """Resident memory of this process in MiB, 0 where the system does not tell cheaply."""
    try:
        with _STATM.open(encoding="ascii") as file:
            pages = int(file.read().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGESIZE") / (1 << 20)


def settle_memory() -> None:
    """Give back what loading took and left free: about 3 MiB for each process with glibc.

    What lives now will live on, so the garbage collector need not look at it again.
    """
    gc.collect()
    gc.freeze()
    trim_memory()


def trim_memory() -> None:
    """Give back to the system what is free in the allocator, where that is glibc's."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


class Trim:
    """When to give memory back: where there may be some, and not too often. No clock, no I/O.

    The allocator keeps what one large message or one long piece took; where such things come now
    and then, a process would seem to grow for hours.
    """

    def __init__(self, period_ns: int) -> None:
        self._period_ns = period_ns
        self._due_ns = 0
        self._kept_mb = 0.0

    def is_due(self, now_ns: int) -> bool:
        """Whether the period has passed since it was last looked at."""
        if now_ns < self._due_ns:
            return False
        self._due_ns = now_ns + self._period_ns
        return True

    def is_worth(self, rss_mb: float) -> bool:
        """Whether the process has grown since memory was last given back."""
        return rss_mb >= self._kept_mb + _GROWN_MB

    def done(self, rss_mb: float) -> None:
        """It was given back, and the process holds so much now."""
        self._kept_mb = rss_mb
