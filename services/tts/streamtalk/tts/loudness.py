"""How loud a voice is, and what brings it to the level that every voice has.

The measure follows EBU R128 (gating at -50 dBFS, then 10 dB below the mean of what is left), over
blocks of 20 ms and without the K-weighting, which for speech of one bandwidth changes all voices
alike. A voice is measured while it speaks; its gain belongs to the voice, not to the sentence.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamtalk.proto.audio import SPEECH_FRAME_SAMPLES
from streamtalk.tts.engine import Samples

BLOCK_SAMPLES: Final = SPEECH_FRAME_SAMPLES
LEARNING_STEP_DB: Final = 0.2
"""Change of the gain for each block at most, until 3 s of the voice have been measured."""

SETTLED_STEP_DB: Final = 0.01
"""And from then on: 0.5 dB in a second, which nobody hears as pumping."""

_FLOOR_DB: Final = -50
_GATE_DB: Final = 10.0
_LEARNT_BLOCKS: Final = 150
_MEMORY_BLOCKS: Final = 3_000
_FIRST_BLOCKS: Final = 10
_MOST_DB, _LEAST_DB = 15.0, -20.0


class VoiceLevel:
    """The level of one voice, and the gain that it has now."""

    def __init__(self, target_dbfs: float, gain_db: float = 0.0) -> None:
        self.gain_db = gain_db
        self._target_dbfs = target_dbfs
        # Blocks and their energy by whole decibels above the floor.
        self._counts: NDArray[np.float64] = np.zeros(-_FLOOR_DB + 10)
        self._energies: NDArray[np.float64] = np.zeros(-_FLOOR_DB + 10)

    def hear(self, energy: float) -> None:
        """Count one block; `energy` is the mean square of its samples."""
        level_db = 10 * math.log10(energy) if energy > 0 else -math.inf
        if level_db < _FLOOR_DB:
            return
        index = min(int(level_db - _FLOOR_DB), self._counts.size - 1)
        self._counts[index] += 1
        self._energies[index] += energy
        if self._counts.sum() > _MEMORY_BLOCKS:
            self._counts /= 2
            self._energies /= 2

    @property
    def level_dbfs(self) -> float | None:
        """Gated RMS of what was heard; None before 200 ms of speech."""
        heard = self._counts.sum()
        if heard < _FIRST_BLOCKS:
            return None
        mean_db = 10 * math.log10(self._energies.sum() / heard)
        gate = max(0, math.floor(mean_db - _GATE_DB - _FLOOR_DB))
        return 10 * math.log10(self._energies[gate:].sum() / self._counts[gate:].sum())

    def step(self, gain_db: float) -> float:
        """The gain after one more block of a piece that has `gain_db`; the voice keeps it."""
        wanted_db = self._wanted_db()
        if wanted_db is None:
            return gain_db
        settled = self._counts.sum() >= _LEARNT_BLOCKS
        most_db = SETTLED_STEP_DB if settled else LEARNING_STEP_DB
        self.gain_db = gain_db + min(max(wanted_db - gain_db, -most_db), most_db)
        return self.gain_db

    def settle(self) -> None:
        """Take the measured gain at once, as nobody is listening."""
        wanted_db = self._wanted_db()
        self.gain_db = self.gain_db if wanted_db is None else wanted_db

    def _wanted_db(self) -> float | None:
        level_dbfs = self.level_dbfs
        if level_dbfs is None:
            return None
        return min(max(self._target_dbfs - level_dbfs, _LEAST_DB), _MOST_DB)


class Loudness:
    """The levels of all voices of an engine."""

    def __init__(self, target_dbfs: float) -> None:
        self._target_dbfs = target_dbfs
        self._levels: dict[str, VoiceLevel] = {}
        self._first: VoiceLevel | None = None

    def of(self, voice: str) -> VoiceLevel:
        """The level of a voice, by the name that orders give; a new one begins as the first is."""
        level = self._levels.get(voice)
        if level is None:
            gain_db = 0.0 if self._first is None else self._first.gain_db
            level = self._levels[voice] = VoiceLevel(self._target_dbfs, gain_db)
            self._first = self._first or level
        return level


def energies(blocks: Samples) -> list[float]:
    """Mean square of each row of `blocks`, shape (blocks, samples)."""
    squares: NDArray[np.float64] = np.square(blocks.astype(np.float64))
    return [float(value) for value in squares.mean(axis=1)]
