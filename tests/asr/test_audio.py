"""Levels, the noise floor, and where long audio is cut."""

import itertools

import numpy as np
import pytest

from streamtalk.asr import canned
from streamtalk.asr.loudness import (
    add_noise_floor,
    fill_digital_silence,
    from_pcm,
    peak_db,
    to_pcm,
)
from streamtalk.asr.pauses import cut_at_pauses

pytestmark = pytest.mark.unit

SECOND = 16_000


def tone(seconds: float, level: float = 0.5) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """A 200 Hz sine."""
    phase = np.arange(int(seconds * SECOND)) * (2 * np.pi * 200 / SECOND)
    return np.asarray(level * np.sin(phase), np.float32)


def test_pcm_survives_the_round_trip() -> None:
    """Samples change by less than one step of 16 bits, and what is too loud is clipped."""
    samples = np.asarray([0.0, 0.25, -1.0, 2.0], np.float32)
    back = from_pcm(to_pcm(samples))
    assert np.abs(back - [0.0, 0.25, -1.0, 1.0]).max() < 1e-4


def test_peak_is_that_of_the_loudest_ten_ms() -> None:
    """A full sine is 3 dB below full scale; nothing at all is -120 dB."""
    samples = np.concatenate([np.zeros(SECOND, np.float32), tone(0.1, level=1.0)])
    assert peak_db(samples) == pytest.approx(-3.0, abs=0.1)
    assert peak_db(np.zeros(100, np.float32)) == -120.0


def test_noise_floor_lies_40_db_below_the_speech() -> None:
    """What is added is the same every time and does not depend on how loud the microphone is."""
    samples = np.concatenate([tone(1.0, level=0.1), np.zeros(SECOND, np.float32)])
    floor = add_noise_floor(samples)[SECOND:]
    assert 20 * np.log10(floor.std() / tone(1.0, level=0.1).std()) == pytest.approx(-40, abs=1)
    assert np.array_equal(add_noise_floor(samples), add_noise_floor(samples))


def test_filling_leaves_recordings_alone() -> None:
    """Only frames of digital silence change."""
    samples = np.concatenate([tone(0.5), np.zeros(SECOND, np.float32), tone(0.505)])
    filled = fill_digital_silence(samples)
    assert np.array_equal(filled[: SECOND // 2], samples[: SECOND // 2])
    assert filled[SECOND // 2 : SECOND].std() > 0
    assert np.array_equal(filled[-SECOND // 2 :], samples[-SECOND // 2 :])


def test_long_audio_is_cut_in_its_pauses() -> None:
    """Pieces follow each other without a gap, none is too long, and the cut is in the pause."""
    pause = np.zeros(SECOND // 2, np.float32)
    samples = np.concatenate([tone(6.0), pause, tone(4.0), pause, tone(3.0)])
    pieces = cut_at_pauses(samples, 8.0)
    assert pieces[0][0] == 0
    assert pieces[-1][1] == len(samples)
    assert all(one[1] == two[0] for one, two in itertools.pairwise(pieces))
    assert 6.0 * SECOND < pieces[0][1] < 6.5 * SECOND


def test_short_audio_is_not_cut() -> None:
    """What fits into one piece stays whole."""
    assert cut_at_pauses(tone(3.0), 8.0) == [(0, 3 * SECOND)]


def test_mu_law_keeps_speech() -> None:
    """The packed clip differs from what was packed by far less than it is loud."""
    samples = tone(0.1, level=0.3)
    back = canned.decode_mu_law(canned.encode_mu_law(samples))
    assert np.abs(back - samples).max() < 0.01
