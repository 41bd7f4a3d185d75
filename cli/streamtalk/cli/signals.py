"""Ctrl-C and its like: held back for a moment, or taken as Ctrl-C."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_ENDINGS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """What is inside is not left half done: signals are delivered afterwards."""
    held: list[int] = []

    def hold(number: int, frame: FrameType | None) -> None:
        del frame
        held.append(number)

    before = {number: signal.signal(number, hold) for number in _ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if held:
        os.kill(os.getpid(), held[0])


@contextmanager
def all_as_interrupts() -> Iterator[None]:
    """A closed terminal and a polite kill clean up as Ctrl-C does."""
    before = {n: signal.signal(n, signal.default_int_handler) for n in _ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
