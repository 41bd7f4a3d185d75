"""The canned request: a machine-made voice must be speech, silence must not."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streamtalk.proto.audio import MIC_RATE_HZ
from streamtalk.proto.errors import EngineError
from streamtalk.vad.batch import check_probabilities
from streamtalk.vad.engine import VadEngine
from streamtalk.vad.tracker import CHUNK_SAMPLES

SILENCE_CEILING: Final = 0.2
SPEECH_FLOOR: Final = 0.8

_VOWEL_S: Final = 0.2
_PITCH_HZ: Final = 100.0
_LEVEL: Final = 0.3
_VOWELS_HZ: Final = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480))
"""First three formants of a man's /a i u e/ (Peterson and Barney 1952)."""

_BANDWIDTHS_HZ: Final = (60, 90, 120)
_FADE_S: Final = 0.03


def voice() -> NDArray[np.float32]:
    """Four vowels on a wavering pitch: harmonics that fall by 12 dB an octave, shaped by formants.

    Shape (samples,), in [-1, 1], 16 kHz.
    """
    vowels = np.concatenate([_vowel(formants_hz) for formants_hz in _VOWELS_HZ])
    return np.asarray(_LEVEL * vowels / np.abs(vowels).max(), np.float32)


def check_engine(engine: VadEngine, slot: int = 0) -> None:
    """Raises EngineError when the engine takes silence for speech, or a voice for none."""
    loudest = max(_judge(engine, slot, np.zeros(MIC_RATE_HZ, np.float32)))
    if loudest > SILENCE_CEILING:
        raise EngineError(f"silence was judged {loudest:.2f}: the model is broken or the wrong one")
    best = max(_judge(engine, slot, voice()))
    if best < SPEECH_FLOOR:
        raise EngineError(f"a voice was judged {best:.2f}: the model is broken or the wrong one")


def _vowel(formants_hz: tuple[int, ...]) -> NDArray[np.float64]:
    time_s = np.arange(int(_VOWEL_S * MIC_RATE_HZ)) / MIC_RATE_HZ
    pitch_hz = _PITCH_HZ * (1 + 0.05 * np.sin(2 * np.pi * 3 * time_s))
    phase = 2 * np.pi * np.cumsum(pitch_hz) / MIC_RATE_HZ
    harmonics = np.arange(1.0, 4_000 / _PITCH_HZ)[:, None]
    gains = _resonance(harmonics * _PITCH_HZ, formants_hz) / harmonics
    edge = np.minimum(time_s, time_s[::-1]) / _FADE_S
    wave = (gains * np.sin(harmonics * phase)).sum(axis=0)
    return np.asarray(wave * np.minimum(1.0, edge), np.float64)


def _resonance(
    frequency_hz: NDArray[np.floating[Any]], formants_hz: tuple[int, ...]
) -> NDArray[np.floating[Any]]:
    gain: NDArray[np.floating[Any]] = np.ones_like(frequency_hz)
    for formant_hz, bandwidth_hz in zip(formants_hz, _BANDWIDTHS_HZ, strict=True):
        real = formant_hz**2 - frequency_hz**2
        gain = gain * formant_hz**2 / np.hypot(real, bandwidth_hz * frequency_hz)
    return gain


def _judge(engine: VadEngine, slot: int, audio: NDArray[np.float32]) -> list[float]:
    engine.reset(slot)
    usable = len(audio) // CHUNK_SAMPLES * CHUNK_SAMPLES
    chunks = audio[:usable].reshape(-1, 1, CHUNK_SAMPLES)
    found = [engine.judge([slot], chunk)[0] for chunk in chunks]
    check_probabilities([found])
    return found
