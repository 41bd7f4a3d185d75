"""Voices at one level, no sample too loud, no click, whatever the chunks."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.tts.engine import Samples
from streamtalk.tts.limiter import AHEAD_SAMPLES, CEILING, Limiter
from streamtalk.tts.loudness import (
    BLOCK_SAMPLES,
    LEARNING_STEP_DB,
    SETTLED_STEP_DB,
    Loudness,
    VoiceLevel,
)
from streamtalk.tts.resampler import SpeechResampler
from streamtalk.tts.shaping import PieceShaper

pytestmark = pytest.mark.unit

TARGET_DBFS = -20.0


def voice(seconds: float, amplitude: float, seed: int = 0) -> Samples:
    """Noise in bursts of 300 ms with pauses of 100 ms, as words have them; 24 kHz."""
    noise = np.random.default_rng(seed).uniform(-amplitude, amplitude, int(seconds * 24_000))
    noise[np.arange(noise.size) % 9_600 >= 7_200] = 0.0
    return noise.astype(np.float32)


def shape(level: VoiceLevel, audio: Samples, cuts: list[int], volume: float = 1.0) -> Samples:
    """All that comes out of a piece that is cut at these places."""
    shaper = PieceShaper(level, volume)
    chunks = np.split(audio, sorted(cut % (audio.size + 1) for cut in cuts))
    return np.concatenate([*(shaper.take(chunk) for chunk in chunks), shaper.finish()])


def rms_dbfs(audio: Samples) -> float:
    """RMS of the samples that are sound."""
    return float(10 * np.log10(np.mean(np.square(audio[np.abs(audio) > 1e-6]))))


@given(
    seed=st.integers(0, 1 << 20),
    amplitude=st.floats(0.001, 4.0),
    volume=st.floats(0.0, 2.0),
    length=st.integers(1, 6_000),
    cuts=st.lists(st.integers(0, 1 << 16), max_size=12),
)
def test_shaper_is_the_same_for_any_chunks_and_never_too_loud(
    seed: int, amplitude: float, volume: float, length: int, cuts: list[int]
) -> None:
    """Bit for bit, as long as it was, and below the ceiling even for input above full scale."""
    audio = voice(1.0, amplitude, seed)[:length]
    whole = shape(VoiceLevel(TARGET_DBFS), audio, [], volume)
    assert np.array_equal(shape(VoiceLevel(TARGET_DBFS), audio, cuts, volume), whole)
    assert whole.size == audio.size
    assert np.abs(whole).max() <= CEILING


@pytest.mark.parametrize("amplitude", [0.05, 0.2, 0.9])
def test_voices_come_to_one_level(amplitude: float) -> None:
    """A quiet voice and a loud one are equally loud once they have been measured."""
    level = VoiceLevel(TARGET_DBFS)
    shape(level, voice(6.0, amplitude), [])
    assert rms_dbfs(shape(level, voice(2.0, amplitude, 1), [])) == pytest.approx(
        TARGET_DBFS, abs=0.7
    )


@given(energies=st.lists(st.floats(0.0, 4.0), max_size=400))
def test_gain_moves_in_bounded_steps(energies: list[float]) -> None:
    """Whatever a voice does, no block changes the gain by more than its bound."""
    level, gains = VoiceLevel(TARGET_DBFS), [0.0]
    for energy in energies:
        level.hear(energy)
        gains.append(level.step(gains[-1]))
    steps = [abs(after - before) for before, after in itertools.pairwise(gains)]
    assert max(steps, default=0.0) <= LEARNING_STEP_DB + 1e-9


def test_gain_of_a_voice_that_is_known_hardly_moves() -> None:
    """After 3 s of speech a whisper of half a second does not pull the gain up."""
    level = VoiceLevel(TARGET_DBFS)
    shape(level, voice(8.0, 0.2), [])
    before_db = level.gain_db
    shape(level, voice(0.5, 0.02, 1), [])
    assert abs(level.gain_db - before_db) <= 25 * SETTLED_STEP_DB


def test_silence_tells_nothing_of_a_voice() -> None:
    """A pause is neither loud nor quiet: the measure does not see it."""
    level = VoiceLevel(TARGET_DBFS)
    shape(level, voice(2.0, 0.2), [])
    before = level.level_dbfs
    shape(level, np.zeros(48_000, np.float32), [])
    assert level.level_dbfs == before


def test_first_measurement_counts_at_once_where_nobody_listens() -> None:
    """After the canned request the first piece has the right level from its first word."""
    level = VoiceLevel(TARGET_DBFS)
    shape(level, voice(0.6, 0.05), [])
    level.settle()
    assert rms_dbfs(shape(level, voice(0.3, 0.05, 1), [])) == pytest.approx(TARGET_DBFS, abs=0.7)


def test_a_new_voice_begins_as_the_first_one_is() -> None:
    """Voices of one engine are alike, so the first guess for the next is not 0 dB."""
    loudness = Loudness(TARGET_DBFS)
    loudness.of("").gain_db = 5.0
    assert loudness.of("other").gain_db == 5.0
    assert loudness.of("other") is loudness.of("other")


def test_piece_that_begins_and_ends_within_a_wave_is_faded() -> None:
    """No jump at either end; what is in the middle is as it was."""
    shaped = shape(VoiceLevel(TARGET_DBFS), np.full(3_000, 0.1, np.float32), [])
    assert abs(shaped[0]) == 0.0
    assert abs(shaped[-1]) < 0.003
    assert np.abs(np.diff(shaped)).max() < 0.003


def test_piece_that_begins_with_silence_keeps_its_first_word() -> None:
    """Where there is nothing to fade, nothing is faded."""
    audio = np.concatenate(([0.0], np.full(100, 0.1), [0.0])).astype(np.float32)
    assert np.allclose(shape(VoiceLevel(TARGET_DBFS), audio, []), audio)


@given(st.lists(st.floats(-8.0, 8.0, width=32), min_size=1, max_size=40), st.integers(1, 400))
def test_limiter_never_lets_a_peak_through(peaks: list[float], apart: int) -> None:
    """Single samples far above full scale come out below the ceiling, and nothing jumps to it."""
    audio = np.full(len(peaks) * apart + 1, 0.01, np.float32)
    audio[::apart][: len(peaks)] = peaks
    limiter, padded = Limiter(), np.concatenate((audio, np.zeros(AHEAD_SAMPLES, np.float32)))
    blocks = [padded[at : at + BLOCK_SAMPLES] for at in range(0, padded.size, BLOCK_SAMPLES)]
    out = np.concatenate([limiter.take(block) for block in blocks])
    assert np.abs(out).max() <= CEILING


def test_limiter_leaves_what_is_not_too_loud_as_it_is() -> None:
    """Below the ceiling it is a delay of 5 ms and nothing else."""
    audio = voice(0.5, CEILING)
    assert np.array_equal(
        Limiter().take(audio), np.concatenate((np.zeros(AHEAD_SAMPLES), audio[:-AHEAD_SAMPLES]))
    )


@pytest.mark.parametrize("rate_hz", [16_000, 22_050, 24_000, 44_100])
def test_resampler_keeps_the_length_in_any_chunks(rate_hz: int) -> None:
    """A second of any rate is a second at 24 kHz, whether it comes whole or in pieces."""
    audio = np.sin(np.arange(rate_hz) * (2 * np.pi * 440 / rate_hz)).astype(np.float32)
    results = []
    for chunk in (rate_hz, 997):
        stream = SpeechResampler(rate_hz)
        parts = [stream.take(audio[at : at + chunk]) for at in range(0, rate_hz, chunk)]
        results.append(np.concatenate([*parts, stream.finish()]))
    assert abs(results[0].size - 24_000) <= 1
    assert np.allclose(results[0], results[1], atol=1e-5)
