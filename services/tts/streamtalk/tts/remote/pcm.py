"""From bytes of PCM, cut anywhere, to the samples that a voice emits."""

from typing import Final, Literal

import numpy as np

from streamtalk.tts.engine import Samples
from streamtalk.tts.resampler import SpeechResampler

SampleType = Literal["<i2", "<f4"]
_FULL_SCALE: Final = {"<i2": 32_768.0, "<f4": 1.0}


class PcmAssembler:
    """Little-endian mono PCM at any rate to float32 at 24 kHz.

    Half a sample waits for its other half; at the end of the stream it is dropped.
    """

    def __init__(self, rate_hz: int, sample_type: SampleType = "<i2") -> None:
        self.form = f"{sample_type} {rate_hz}"
        self._type = np.dtype(sample_type)
        self._scale = np.float32(1.0 / _FULL_SCALE[sample_type])
        self._half = b""
        self._resampler = SpeechResampler(rate_hz)

    def feed(self, raw: bytes) -> Samples:
        """Shape (samples,), 24 kHz: what these bytes complete."""
        raw = self._half + raw
        whole = len(raw) - len(raw) % self._type.itemsize
        self._half = raw[whole:]
        audio = np.frombuffer(raw[:whole], self._type).astype(np.float32) * self._scale
        return self._resampler.take(audio)

    def finish(self) -> Samples:
        """What the resampler still holds."""
        return self._resampler.finish()
