"""An engine of `vad` that computes no numbers for a while, as after a fault of its processor."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamtalk.vad.canned import voice
from streamtalk.vad.config import ScriptedSettings
from streamtalk.vad.engines.scripted import ScriptedEngine
from streamtalk.vad.tracker import CHUNK_SAMPLES

_RIGHT_CALLS: Final = 16_000 // CHUNK_SAMPLES + len(voice()) // CHUNK_SAMPLES
"""Those of the canned request at the start."""

_WRONG_CALLS: Final = 4


class BrokenEngine:
    """Right while it starts, then wrong for four chunks, then right again."""

    def __init__(self, settings: object) -> None:
        del settings
        self._engine = ScriptedEngine(ScriptedSettings(cost_ms=0))
        self._calls = 0

    def load(self, slots: int) -> None:
        """Nothing to load."""
        self._engine.load(slots)

    def reset(self, slot: int) -> None:
        """Start the slot anew."""
        self._engine.reset(slot)

    def judge(self, slots: Sequence[int], chunks: NDArray[np.float32]) -> list[float]:
        """By energy, or no number."""
        number = self._calls - _RIGHT_CALLS
        self._calls += 1
        if 0 <= number < _WRONG_CALLS:
            return [math.nan] * len(slots)
        return self._engine.judge(slots, chunks)
