"""The recording of a voice to take on."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
import soxr

from streamtalk.proto.errors import ConfigError
from streamtalk.tts.engine import Samples

PROMPT_RATE_HZ: Final = 16_000
LONGEST_S: Final = 30.0
"""CosyVoice refuses longer recordings."""

_MAX_BYTES: Final = 32 << 20


@dataclass(frozen=True)
class Prompt:
    """A checked recording; raises ConfigError where it cannot be used."""

    path: Path
    text: str

    @cached_property
    def file(self) -> bytes:
        """The file as it is."""
        try:
            if self.path.stat().st_size > _MAX_BYTES:
                raise ConfigError(f"tts.engines.cosyvoice.prompt_wav: {self.path} is too large")
            return self.path.read_bytes()
        except OSError as error:
            raise ConfigError(
                f"tts.engines.cosyvoice.prompt_wav cannot be read ({error.strerror}): give the "
                "path of a WAV of the voice"
            ) from error

    @cached_property
    def audio(self) -> Samples:
        """Shape (samples,), 16 kHz, mono, in [-1, 1]."""
        try:
            audio, rate_hz = soundfile.read(self.path, dtype="float32", always_2d=True)
        except (OSError, soundfile.LibsndfileError) as error:
            raise ConfigError(f"{self.path} is no recording that can be read") from error
        if not 0 < len(audio) <= LONGEST_S * rate_hz:
            raise ConfigError(f"{self.path} is empty or over {LONGEST_S:.0f} s: cut it")
        mono: Samples = soxr.resample(audio.mean(axis=1), rate_hz, PROMPT_RATE_HZ)
        return mono.astype(np.float32)
