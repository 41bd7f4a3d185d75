"""The one way from a voice's own rate to 24 kHz: a stream for each piece, resampled once."""

from typing import Any, Final

import numpy as np
import soxr

from streamtalk.proto.audio import SPEECH_RATE_HZ
from streamtalk.tts.engine import Samples

_NOTHING: Final = np.zeros(0, np.float32)


class SpeechResampler:
    """Mono float32 of any rate in, 24 kHz out (soxr HQ); audio at 24 kHz passes as it is.

    What comes out depends on what went in, not on how it was cut into chunks.
    """

    def __init__(self, rate_hz: float) -> None:
        self._stream: Any = None
        if rate_hz != SPEECH_RATE_HZ:
            self._stream = soxr.ResampleStream(rate_hz, SPEECH_RATE_HZ, 1, dtype="float32")

    def take(self, audio: Samples) -> Samples:
        """What is ready after the next samples; shape (samples,), at times empty."""
        if self._stream is None:
            return audio
        resampled: Samples = self._stream.resample_chunk(audio, last=False)
        return resampled

    def finish(self) -> Samples:
        """What the filter still holds; the stream is over."""
        if self._stream is None:
            return _NOTHING
        resampled: Samples = self._stream.resample_chunk(_NOTHING, last=True)
        return resampled
