"""The tone that stands for words when there is no voice."""

import math
from array import array
from functools import cache
from typing import Final

from streamtalk.orchestrator.answer import TONE_SAMPLES
from streamtalk.proto.audio import SPEECH_RATE_HZ

_PITCHES_HZ: Final = (660.0, 495.0)
_LEVEL: Final = 6_000
_FADE_SAMPLES: Final = SPEECH_RATE_HZ // 100


@cache
def tone() -> bytes:
    """Two falling notes without clicks: s16le mono, 24 kHz, `TONE_SAMPLES` long."""
    note_samples = TONE_SAMPLES // len(_PITCHES_HZ)
    samples = array("h")
    for pitch_hz in _PITCHES_HZ:
        for at in range(note_samples):
            fade = min(1.0, at / _FADE_SAMPLES, (note_samples - at) / _FADE_SAMPLES)
            angle = 2 * math.pi * pitch_hz * at / SPEECH_RATE_HZ
            samples.append(int(_LEVEL * fade * math.sin(angle)))
    return samples.tobytes()
