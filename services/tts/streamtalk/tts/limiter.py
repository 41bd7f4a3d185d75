"""A peak limiter that looks 5 ms ahead: no sample beyond the ceiling, no step in the gain."""

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from streamtalk.proto.audio import SPEECH_RATE_HZ
from streamtalk.tts.engine import Samples

AHEAD_SAMPLES: Final = 5 * SPEECH_RATE_HZ // 1000
CEILING: Final = 0.891
"""-1 dBFS."""

_RELEASE: Final = 1.0 / (0.2 * SPEECH_RATE_HZ)
"""Rise of the gain for each sample: from nothing to all in 200 ms."""

Gains = NDArray[np.float64]


class Limiter:
    """Takes blocks, gives blocks `AHEAD_SAMPLES` late; the gain is 1 while nothing is too loud.

    The gain that each sample needs is held for the window ahead, rises again linearly, and is
    smoothed by the mean of the same window: every term of the mean is low enough for the sample
    that comes out, so the result is.
    """

    def __init__(self) -> None:
        self._late: Samples = np.zeros(AHEAD_SAMPLES, np.float32)
        self._needed: Gains = np.ones(AHEAD_SAMPLES)
        self._released: Gains = np.ones(AHEAD_SAMPLES)
        self._resting = True

    def take(self, block: Samples) -> Samples:
        """As many samples as came, those of 5 ms ago; at first zeros."""
        joined: Samples = np.concatenate((self._late, block))
        self._late = joined[block.size :]
        delayed = joined[: block.size]
        if self._resting and float(np.abs(block).max(initial=0.0)) <= CEILING:
            return delayed
        limited = (delayed * self._gains(block)).astype(np.float32)
        return np.clip(limited, -CEILING, CEILING)

    def _gains(self, block: Samples) -> Gains:
        loudness = np.maximum(np.abs(block).astype(np.float64), CEILING)
        needed = np.concatenate((self._needed, CEILING / loudness))
        self._needed = needed[block.size :]
        held = sliding_window_view(needed, AHEAD_SAMPLES + 1).min(axis=1)
        held[0] = min(held[0], self._released[-1] + _RELEASE)
        risen = np.arange(held.size) * _RELEASE
        # The lowest of all earlier gains, each risen since: the linear release in closed form.
        released = np.minimum.accumulate(held - risen) + risen
        joined = np.concatenate((self._released, np.minimum(released, 1.0)))
        self._released = joined[block.size :]
        self._resting = bool(min(self._released.min(), self._needed.min()) >= 1.0)
        smooth: Gains = sliding_window_view(joined, AHEAD_SAMPLES + 1).mean(axis=1)
        return smooth
