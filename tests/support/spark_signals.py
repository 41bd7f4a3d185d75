"""What the oracle of Spark-TTS and our tests feed to the model: no framework, only seeds."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamtalk.tts.spark.tiny_checkpoint import VOCOS_DIM

DECODE_FRAMES: Final = (1, 5, VOCOS_DIM, 60)
REFERENCE_S: Final = (2, 7)
"""Shorter, and longer, than the 6 s that the speaker encoder hears."""

PROMPT: Final = (290, 12, 77, 1_000, 5, 5, 9_000, 13_000, 301, 44, 8, 200)
STEPS: Final = (6_000, 13_001, 3, 700)
_RATE_HZ: Final = 16_000


def semantic_codes(frames: int) -> list[int]:
    """Codes of 0 to 8191."""
    return [int(c) for c in np.random.default_rng(frames).integers(0, 8_192, frames)]


def global_tokens() -> list[int]:
    """32 tokens of 0 to 4095."""
    return [int(t) for t in np.random.default_rng(99).integers(0, 4_096, 32)]


def reference_signal(seconds: int) -> NDArray[np.float32]:
    """Harmonics of a gliding pitch under syllables, 16 kHz: a voice as far as mel bands go."""
    time = np.arange(seconds * _RATE_HZ) / _RATE_HZ
    phase = 2 * np.pi * np.cumsum(120 + 30 * np.sin(2 * np.pi * 0.7 * time)) / _RATE_HZ
    tones = sum(np.sin(k * phase) / k for k in range(1, 20))
    noise = np.random.default_rng(seconds).normal(0, 0.01, time.size)
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 3 * time)
    return (0.05 * tones * syllables + noise * 0.1).astype(np.float32)
