"""Joins chunks: the end of each is held back and faded into what the next one makes of it."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]
"""Samples at the model's rate, shape (samples,), in [-1, 1]."""

FADE_SAMPLES: Final = 128
"""8 ms at 16 kHz: long enough to hide a step, short enough to cost no latency."""


class Seam:
    """What has been made and not been given yet."""

    def __init__(self, fade_samples: int = FADE_SAMPLES) -> None:
        self._fade = fade_samples
        self._held = np.zeros(0, np.float32)

    @property
    def held_samples(self) -> int:
        """How far before its own beginning the next chunk has to begin."""
        return self._held.size

    def join(self, audio: Audio, *, last: bool) -> Audio:
        """What can be played once a chunk is made, which begins where the held samples do.

        The two versions of the same samples are alike, so that a linear fade keeps their level.
        """
        held = self._held.size
        share = (np.arange(held, dtype=np.float32) + 1) / (held + 1)
        joined = audio.copy()
        joined[:held] = self._held + share * (audio[:held] - self._held)
        given = joined.size if last else max(joined.size - self._fade, 0)
        self._held = joined[given:]
        return joined[:given]
