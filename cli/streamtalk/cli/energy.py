"""Where the speech lies in a file, found from the file itself and never from our own VAD."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamtalk.proto.audio import MIC_RATE_HZ

WINDOW_SAMPLES: Final = MIC_RATE_HZ // 100
"""10 ms of 16 kHz audio."""

_FLOOR_PERCENTILE: Final = 10.0
_ABOVE_FLOOR_DB: Final = 12.0
_BELOW_PEAK_DB: Final = 35.0
_QUIETEST_DB: Final = -60.0


def energetic_windows(samples: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Which 10 ms windows of 16 kHz audio hold speech energy.

    A window counts from 12 dB above the noise floor (10th percentile) and 35 dB
    below the loudest one.
    """
    count = len(samples) // WINDOW_SAMPLES
    if not count:
        return np.zeros(0, dtype=np.bool_)
    windows = samples[: count * WINDOW_SAMPLES].reshape(count, WINDOW_SAMPLES).astype(np.float64)
    level_db = 10 * np.log10(np.mean(windows**2, axis=1) / 32768.0**2 + 1e-12)
    floor_db = float(np.percentile(level_db, _FLOOR_PERCENTILE))
    peak_db = float(np.max(level_db))
    # In a file without a quiet part the floor is speech itself: the peak then decides alone.
    threshold_db = max(
        min(floor_db + _ABOVE_FLOOR_DB, peak_db - 12.0), peak_db - _BELOW_PEAK_DB, _QUIETEST_DB
    )
    result: NDArray[np.bool_] = level_db >= threshold_db
    return result


def last_energy(windows: NDArray[np.bool_], after: int, before: int) -> int | None:
    """End (a sample) of the last energetic window that begins within [after, before)."""
    first, last = max(0, after // WINDOW_SAMPLES), min(len(windows), -(-before // WINDOW_SAMPLES))
    found = np.flatnonzero(windows[first:last])
    return None if not len(found) else (first + int(found[-1]) + 1) * WINDOW_SAMPLES


def first_energy(windows: NDArray[np.bool_], after: int, before: int) -> int | None:
    """Begin (a sample) of the first energetic window within [after, before)."""
    first, last = max(0, after // WINDOW_SAMPLES), min(len(windows), -(-before // WINDOW_SAMPLES))
    found = np.flatnonzero(windows[first:last])
    return None if not len(found) else (first + int(found[0])) * WINDOW_SAMPLES
