"""Cuts a long recording where it is quietest, so that no word is cut in two."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamtalk.proto.audio import MIC_RATE_HZ

LONGEST_SAMPLES: Final = 30 * MIC_RATE_HZ
"""What one call may carry: 30 s are 960 kB, below the limit of 1 MiB."""

_SEARCH_SAMPLES: Final = 10 * MIC_RATE_HZ
_WINDOW: Final = MIC_RATE_HZ // 50
_PAUSE_WINDOWS: Final = 15


def cut_at_quiet(
    samples: NDArray[np.int16],
    longest: int = LONGEST_SAMPLES,
    search: int = _SEARCH_SAMPLES,
) -> list[tuple[int, int]]:
    """Ranges [from, to) that cover all samples, none longer than `longest`.

    Each cut lies in the middle of the quietest 300 ms of the last `search` samples before that.
    """
    found, start = [], 0
    while len(samples) - start > longest:
        cut = _quietest(samples, start + longest - search, start + longest)
        found.append((start, cut))
        start = cut
    return [*found, (start, len(samples))]


def _quietest(samples: NDArray[np.int16], begin: int, end: int) -> int:
    """The middle of the quietest stretch of [begin, end), in whole windows of 20 ms."""
    count = (end - begin) // _WINDOW
    windows = samples[begin : begin + count * _WINDOW].reshape(count, _WINDOW)
    energy = np.mean(windows.astype(np.float64) ** 2, axis=1)
    span = min(_PAUSE_WINDOWS, count)
    smooth = np.convolve(energy, np.ones(span), mode="valid")
    return begin + (int(np.argmin(smooth)) + span // 2) * _WINDOW
