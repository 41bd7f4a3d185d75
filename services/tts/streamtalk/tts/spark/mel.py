"""The mel spectrogram of the speaker encoder, and the loudness at which it hears a recording."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamtalk.tts.spark.architecture import MelConfig

Floats = NDArray[np.float64]

_LINEAR_HZ: Final = 200 / 3
_LOG_FROM_HZ: Final = 1_000.0
_LOG_STEP: Final = math.log(6.4) / 27

_QUIET: Final = 0.1
_AUDIBLE: Final = 0.01
_FEWEST: Final = 10
_LOUDNESS: Final = 0.2


def _to_mel(frequency_hz: Floats) -> Floats:
    """Slaney's scale: linear up to 1 kHz, logarithmic above."""
    logarithmic = np.log(np.maximum(frequency_hz, 1e-9) / _LOG_FROM_HZ) / _LOG_STEP
    above = frequency_hz >= _LOG_FROM_HZ
    return np.where(above, _LOG_FROM_HZ / _LINEAR_HZ + logarithmic, frequency_hz / _LINEAR_HZ)


def _from_mel(mel: Floats) -> Floats:
    knee = _LOG_FROM_HZ / _LINEAR_HZ
    logarithmic = _LOG_FROM_HZ * np.exp(_LOG_STEP * (mel - knee))
    return np.where(mel >= knee, logarithmic, mel * _LINEAR_HZ)


def filter_bank(config: MelConfig) -> Floats:
    """Triangles of equal area, shape (n_fft / 2 + 1, num_mels)."""
    nyquist_hz = config.sample_rate / 2
    ends = _to_mel(np.array([config.mel_fmin, config.mel_fmax or nyquist_hz], np.float64))
    corners = _from_mel(np.linspace(ends[0], ends[1], config.num_mels + 2))
    bins = np.linspace(0, nyquist_hz, config.n_fft // 2 + 1)[:, None]
    rising = (bins - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - bins) / (corners[2:] - corners[1:-1])
    triangles = np.maximum(0, np.minimum(rising, falling))
    return triangles * 2 / (corners[2:] - corners[:-2])


def mel_spectrogram(samples: NDArray[np.float32], config: MelConfig) -> NDArray[np.float32]:
    """Mel magnitudes, shape (samples / hop_length + 1, num_mels), ends mirrored."""
    window = np.hanning(config.win_length + 1)[:-1]
    before = (config.n_fft - config.win_length) // 2
    window = np.pad(window, (before, config.n_fft - config.win_length - before))
    padded = np.pad(samples.astype(np.float64), config.n_fft // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, config.n_fft)
    spectrum = np.abs(np.fft.rfft(frames[:: config.hop_length] * window))
    return (spectrum @ filter_bank(config)).astype(np.float32)


def normalise_volume(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring the mean of the 90th to 99th percentile of audible magnitudes to 0.2, as in training.

    The gain is 0.1 to 10; nothing exceeds 1.
    """
    magnitudes = np.sort(np.abs(samples))
    loudest = float(magnitudes[-1])
    if loudest < _QUIET:
        samples = samples * np.float32(_QUIET / max(loudest, 1e-3))
    audible = magnitudes[magnitudes > _AUDIBLE]
    if audible.size <= _FEWEST:
        return samples
    volume = float(np.mean(audible[int(0.9 * audible.size) : int(0.99 * audible.size)]))
    samples = samples * np.float32(np.clip(_LOUDNESS / volume, 0.1, 10))
    return samples / np.float32(max(1.0, float(np.max(np.abs(samples)))))
