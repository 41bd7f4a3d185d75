"""What an engine emits, passed on and kept until it is known to be a whole piece."""

import math
from typing import Final

import numpy as np

from streamtalk.proto.audio import SPEECH_RATE_HZ
from streamtalk.tts.audible import AUDIBLE_PEAK
from streamtalk.tts.cache.entry import Piece
from streamtalk.tts.engine import Emit, Made, Samples

LONGEST_SAMPLES: Final = 120 * SPEECH_RATE_HZ
"""A longer piece is not kept: it is no phrase that comes again."""


class Recording:
    """Takes audio in place of the caller."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._chunks: list[Samples] = []
        self._samples = 0
        self._wanted = True

    def take(self, audio: Samples) -> bool:
        """Keep a copy, for engines may use their buffer again, and pass it on."""
        self._samples += audio.size
        if self._samples <= LONGEST_SAMPLES:
            self._chunks.append(audio.copy())
        else:
            self._chunks.clear()
        self._wanted = self._emit(audio)
        return self._wanted

    def piece(self, made: Made) -> Piece | None:
        """All of it; None where it was broken off, is too long, or is no sound."""
        if not self._wanted or not self._chunks or self._samples > LONGEST_SAMPLES:
            return None
        audio: Samples = np.concatenate(self._chunks)
        peak = float(np.abs(audio).max(initial=0.0))
        return Piece(audio, made) if peak >= AUDIBLE_PEAK and math.isfinite(peak) else None
