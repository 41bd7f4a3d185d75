"""An engine of exact cost and exact output, for load, benchmarks and deterministic tests."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamtalk.proto.audio import MIC_RATE_HZ
from streamtalk.runtime.burn import burn
from streamtalk.runtime.fault import go_wrong, hang_when_told
from streamtalk.vad.config import ScriptedSettings
from streamtalk.vad.tracker import CHUNK_SAMPLES

_CHUNK_S: Final = CHUNK_SAMPLES / MIC_RATE_HZ


class ScriptedEngine:
    """Speech by a script of times, or by energy; every chunk costs what was configured."""

    def __init__(self, settings: ScriptedSettings) -> None:
        self._settings = settings
        self._power = 10 ** (settings.threshold_db / 10)

    def load(self, slots: int) -> None:
        """Nothing to load."""
        self._heard = [0] * slots

    def reset(self, slot: int) -> None:
        """Start the slot's script anew."""
        self._heard[slot] = 0

    def judge(self, slots: Sequence[int], chunks: NDArray[np.float32]) -> list[float]:
        """1.0 for speech and 0.0 for anything else."""
        hang_when_told(self._settings.hang_file, hold_gil=self._settings.hold_gil)
        if any(self._heard[slot] >= self._settings.fault_after for slot in slots):
            go_wrong(self._settings.fault, hold_gil=self._settings.hold_gil)
        burn(self._settings.cost_ms * len(slots), hold_gil=self._settings.hold_gil)
        return [self._verdict(slot, row) for slot, row in zip(slots, chunks, strict=True)]

    def _verdict(self, slot: int, chunk: NDArray[np.float32]) -> float:
        now_s = self._heard[slot] * _CHUNK_S
        self._heard[slot] += 1
        if self._settings.speech_s:
            return float(any(start <= now_s < end for start, end in self._settings.speech_s))
        power = float(np.dot(chunk, chunk)) / len(chunk)
        return float(not math.isclose(power, 0.0) and power >= self._power)
