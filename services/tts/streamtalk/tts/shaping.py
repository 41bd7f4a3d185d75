"""One piece on its way out: brought to its level, never too loud, without a click at its ends."""

from typing import Final

import numpy as np

from streamtalk.proto.audio import SPEECH_RATE_HZ
from streamtalk.tts.engine import Samples
from streamtalk.tts.limiter import AHEAD_SAMPLES, Limiter
from streamtalk.tts.loudness import BLOCK_SAMPLES, VoiceLevel, energies

FADE_SAMPLES: Final = 2 * SPEECH_RATE_HZ // 1000
_SILENCE: Final = 1.0 / 32_768
_RAMP: Final = np.linspace(0.0, 1.0, FADE_SAMPLES, endpoint=False, dtype=np.float32)
_NOTHING: Final = np.zeros(0, np.float32)


class PieceShaper:
    """As many samples out as in, positions unchanged; held back are at most 25 ms.

    All arithmetic is done on blocks of 20 ms counted from the start of the piece, so the result
    does not depend on how the engine cuts its audio.
    """

    def __init__(self, level: VoiceLevel, volume: float) -> None:
        self._level = level
        self._volume = volume
        self._gain_db = level.gain_db
        self._limiter = Limiter()
        self._waiting: Samples = _NOTHING
        self._begun = False
        self._late = AHEAD_SAMPLES
        """Samples of the limiter's delay that still have to be left out."""

    def take(self, audio: Samples) -> Samples:
        """What is ready after the next samples."""
        joined: Samples = np.concatenate((self._waiting, audio))
        whole = joined.size - joined.size % BLOCK_SAMPLES
        self._waiting = joined[whole:]
        blocks = [
            self._block(joined[start : start + BLOCK_SAMPLES])
            for start in range(0, whole, BLOCK_SAMPLES)
        ]
        return np.concatenate(blocks) if blocks else _NOTHING

    def finish(self) -> Samples:
        """The rest; the piece is over."""
        rest = self._block(self._waiting) if self._waiting.size else _NOTHING
        flushed = self._on_time(self._limiter.take(np.zeros(AHEAD_SAMPLES, np.float32)))
        tail: Samples = np.concatenate((rest, flushed))
        return _fade_out(tail)

    def _block(self, block: Samples) -> Samples:
        (energy,) = energies(block[np.newaxis, :])
        self._level.hear(energy)
        before_db, self._gain_db = self._gain_db, self._level.step(self._gain_db)
        gains = np.linspace(_factor(before_db), _factor(self._gain_db), block.size, endpoint=False)
        shaped = (block * (gains * self._volume)).astype(np.float32)
        if not self._begun:
            self._begun = True
            shaped = _fade_in(shaped)
        return self._on_time(self._limiter.take(shaped))

    def _on_time(self, delayed: Samples) -> Samples:
        left_out = min(self._late, delayed.size)
        self._late -= left_out
        return delayed[left_out:]


def _factor(gain_db: float) -> float:
    return float(10.0 ** (gain_db / 20.0))


def _fade_in(audio: Samples) -> Samples:
    """A piece that begins in the middle of a wave begins at nothing, within 2 ms."""
    if audio.size and abs(float(audio[0])) > _SILENCE:
        length = min(FADE_SAMPLES, audio.size)
        audio[:length] *= _RAMP[:length]
    return audio


def _fade_out(audio: Samples) -> Samples:
    if audio.size and abs(float(audio[-1])) > _SILENCE:
        length = min(FADE_SAMPLES, audio.size)
        audio[-length:] *= _RAMP[:length][::-1]
    return audio
