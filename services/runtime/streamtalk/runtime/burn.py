"""Exact CPU time for the scripted engines: what a model would cost, without a model."""

import hashlib
import time
from typing import Final

_BLOCK: Final = bytes(8_192)
"""Large enough that hashlib releases the GIL, small enough to meet 0.1 ms."""


def burn(cost_ms: float, *, hold_gil: bool) -> None:
    """Spend this much CPU time of the calling thread, in Python code or outside of it."""
    end_ns = time.thread_time_ns() + int(cost_ms * 1e6)
    while time.thread_time_ns() < end_ns:
        if hold_gil:
            for _ in range(200):
                pass
        else:
            hashlib.sha256(_BLOCK)
