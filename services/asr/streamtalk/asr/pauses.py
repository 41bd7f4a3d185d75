"""Where long audio may be cut without cutting a word."""

import numpy as np

from streamtalk.asr.loudness import FRAME_SAMPLES, Samples, frame_levels
from streamtalk.proto.audio import MIC_RATE_HZ

_WINDOW_FRAMES = 20


def cut_at_pauses(samples: Samples, longest_s: float) -> list[tuple[int, int]]:
    """Ranges of at most `longest_s`, cut in the quietest 200 ms of the second half of each."""
    pieces: list[tuple[int, int]] = []
    start, longest = 0, int(longest_s * MIC_RATE_HZ)
    while len(samples) - start > longest:
        middle = start + longest // 2
        cut = middle + _quietest(samples[middle : start + longest])
        pieces.append((start, cut))
        start = cut
    return [*pieces, (start, len(samples))]


def _quietest(samples: Samples) -> int:
    energy = frame_levels(samples) ** 2
    window = np.convolve(energy, np.ones(_WINDOW_FRAMES), "valid")
    return (int(window.argmin()) + _WINDOW_FRAMES // 2) * FRAME_SAMPLES
