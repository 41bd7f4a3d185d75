"""A long recording is cut into parts that one call can carry, between words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.cli.quiet import LONGEST_SAMPLES, cut_at_quiet
from streamtalk.proto.audio import MIC_RATE_HZ
from streamtalk.proto.limits import MAX_MESSAGE_BYTES

pytestmark = pytest.mark.unit


def _noise(seconds: float) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    rng = np.random.default_rng(7)
    return rng.normal(0, 3_000, int(seconds * MIC_RATE_HZ)).astype(np.int16)


def test_parts_of_a_recording_fit_into_one_call() -> None:
    """Thirty seconds of 16-bit audio stay below the limit of one message."""
    assert LONGEST_SAMPLES * 2 < MAX_MESSAGE_BYTES


@given(st.integers(min_value=1, max_value=200_000), st.integers(min_value=16_000, max_value=64_000))
def test_parts_cover_every_sample_once(count: int, longest: int) -> None:
    """Nothing is lost, doubled or longer than allowed, whatever the length."""
    parts = cut_at_quiet(np.zeros(count, np.int16), longest, longest // 2)
    assert [begin for begin, _ in parts] == [0, *(end for _, end in parts[:-1])]
    assert parts[-1][1] == count
    assert all(0 < end - begin <= longest for begin, end in parts)


def test_cut_lies_in_the_pause() -> None:
    """Of everything between 20 s and 30 s the quiet half second is chosen."""
    samples = _noise(45.0)
    samples[int(24.0 * MIC_RATE_HZ) : int(24.5 * MIC_RATE_HZ)] = 0
    (_, cut), _ = cut_at_quiet(samples)
    assert 24.1 < cut / MIC_RATE_HZ < 24.4
