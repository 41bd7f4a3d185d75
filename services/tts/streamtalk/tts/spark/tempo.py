"""Speaks faster or slower at the same pitch: WSOLA (Verhelst and Roelands, ICASSP 1993)."""

from typing import Final

import numpy as np

from streamtalk.tts.spark.seam import Audio

_HOP: Final = 320
"""Output samples of a step, 20 ms at 16 kHz; frames are twice as long."""

_SEARCH: Final = 160
"""How far a frame may be moved to fit the one before, 10 ms: a period of the lowest voice."""


class Tempo:
    """Takes samples at 16 kHz and gives about `1 / rate` times as many."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._input = np.zeros(0, np.float32)
        self._dropped = 0
        self._at = 0.0
        self._follows: Audio | None = None
        self._window = np.hanning(2 * _HOP + 1)[:-1].astype(np.float32)
        self._tail = np.zeros(_HOP, np.float32)

    def feed(self, audio: Audio, *, last: bool = False) -> Audio:
        """Further samples: those that are decided; `last` gives the rest."""
        if self._rate == 1.0:
            return audio
        self._input = np.concatenate([self._input, audio])
        if last:
            self._input = np.concatenate([self._input, np.zeros(3 * _HOP + _SEARCH, np.float32)])
        given = []
        while self._here() + 2 * _HOP + _SEARCH + _HOP <= self._input.size:
            given.append(self._step())
        if last:
            given.append(self._tail)
        return np.concatenate([np.zeros(0, np.float32), *given])

    def _here(self) -> int:
        return int(self._at) - self._dropped

    def _step(self) -> Audio:
        start = self._best(self._here())
        frame = self._input[start : start + 2 * _HOP] * self._window
        given: Audio = self._tail + frame[:_HOP]
        self._tail = frame[_HOP:]
        self._follows = self._input[start + _HOP : start + 2 * _HOP].copy()
        self._at += _HOP * self._rate
        drop = max(min(self._here() - _SEARCH, start), 0)
        self._input = self._input[drop:]
        self._dropped += drop
        return given

    def _best(self, here: int) -> int:
        """The begin near `here` that goes on most like the frame before would have."""
        if self._follows is None:
            return here
        first = max(here - _SEARCH, 0)
        near = self._input[first : here + _SEARCH + _HOP]
        likeness = np.correlate(near, self._follows, mode="valid")
        energy = np.convolve(near * near, np.ones(_HOP, np.float32), mode="valid")
        return first + int(np.argmax(likeness / np.sqrt(energy + 1e-6)))
