"""Collects what a thread delivers, and waits for it without sleeping blindly."""

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]


class Recorder:
    """Call it with PCM from any thread."""

    def __init__(self) -> None:
        self._pcm = bytearray()
        self._changed = threading.Condition()

    def __call__(self, pcm: bytes) -> None:
        """Take in s16le samples."""
        with self._changed:
            self._pcm += pcm
            self._changed.notify_all()

    @property
    def samples(self) -> Samples:
        """Everything so far."""
        with self._changed:
            return np.frombuffer(bytes(self._pcm), np.int16)

    @property
    def loud(self) -> Samples:
        """From the first to the last sample that is not nearly zero."""
        samples = self.samples
        where = np.flatnonzero(np.abs(samples) > 64)
        return samples[where[0] : where[-1] + 1] if len(where) else samples[:0]

    def await_samples(self, count: int, timeout_s: float = 15.0) -> bool:
        """Whether so many samples are there in time."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._pcm) >= 2 * count, timeout_s)

    def await_loud(self, count: int, timeout_s: float = 15.0) -> bool:
        """Whether the loud part became so long in time."""
        return eventually(lambda: len(self.loud) >= count, timeout_s)


class Script:
    """Gives out 20 ms frames of 24 kHz audio one by one, then None."""

    def __init__(self, samples: Samples) -> None:
        self._frames = self._cut(samples.tobytes())
        self.pulled = 0
        self.delays_s: list[float] = []
        self.ended = threading.Event()

    @staticmethod
    def _cut(pcm: bytes) -> Iterator[bytes]:
        for at in range(0, len(pcm) - 959, 960):
            yield pcm[at : at + 960]

    def __call__(self, delay_s: float) -> bytes | None:
        """The next frame."""
        self.delays_s.append(delay_s)
        frame = next(self._frames, None)
        if frame is None:
            self.ended.set()
        else:
            self.pulled += 1
        return frame


def eventually(holds: Callable[[], bool], timeout_s: float = 15.0) -> bool:
    """Whether `holds()` becomes true in time; asked every 10 ms."""
    deadline_ns = time.monotonic_ns() + int(timeout_s * 1e9)
    while not holds():
        if time.monotonic_ns() > deadline_ns:
            return False
        time.sleep(0.01)
    return True
