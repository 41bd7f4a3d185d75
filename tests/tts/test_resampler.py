"""Every voice comes to 24 kHz by one resampler, which hears no difference between ways to cut."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.tts.engine import Samples
from streamtalk.tts.remote.pcm import PcmAssembler, SampleType
from streamtalk.tts.remote.wav import WavDecoder
from streamtalk.tts.resampler import SpeechResampler
from tests.support.voice_servers.sound import tone, wav

pytestmark = pytest.mark.unit

RATES_HZ = (8_000, 16_000, 22_050, 24_000, 44_100, 48_000)
CUTS = st.lists(st.integers(0, 3_000), max_size=40)


def noise(count: int) -> Samples:
    """Samples that have every frequency, always the same ones."""
    return np.random.default_rng(5).uniform(-0.9, 0.9, count).astype(np.float32)


def resampled(audio: Samples, rate_hz: int, cuts: list[int]) -> Samples:
    """All of it, in chunks of these lengths and what is left."""
    resampler, at, parts = SpeechResampler(rate_hz), 0, []
    for length in cuts:
        parts.append(resampler.take(audio[at : at + length]))
        at += length
    parts += [resampler.take(audio[at:]), resampler.finish()]
    return np.concatenate(parts)


def decoded(decoder: PcmAssembler | WavDecoder, raw: bytes, cuts: list[int]) -> Samples:
    """All of it, in pieces of these lengths and what is left."""
    at, parts = 0, []
    for length in cuts:
        parts.append(decoder.feed(raw[at : at + length]))
        at += length
    return np.concatenate([*parts, decoder.feed(raw[at:]), decoder.finish()])


@given(rate_hz=st.sampled_from(RATES_HZ), cuts=CUTS, count=st.integers(0, 9_000))
def test_cuts_between_samples_are_not_heard(rate_hz: int, cuts: list[int], count: int) -> None:
    """Whatever the chunks, empty ones too, it is the same to the bit, and as long as it was."""
    audio = noise(count)
    whole = resampled(audio, rate_hz, [])
    assert np.array_equal(resampled(audio, rate_hz, cuts), whole)
    assert whole.dtype == np.float32
    assert abs(whole.size - count * 24_000 / rate_hz) <= 1


@given(
    rate_hz=st.sampled_from(RATES_HZ),
    sample_type=st.sampled_from(["<i2", "<f4"]),
    cuts=CUTS,
    rest=st.binary(max_size=1),
)
def test_cuts_within_samples_are_not_heard(
    rate_hz: int, sample_type: SampleType, cuts: list[int], rest: bytes
) -> None:
    """Bytes split anywhere; the half of a sample at the end is none."""
    full_scale = 32_767 if sample_type == "<i2" else 1.0
    raw = (noise(4_000) * full_scale).astype(sample_type).tobytes()
    whole = decoded(PcmAssembler(rate_hz, sample_type), raw, [])
    assert np.array_equal(decoded(PcmAssembler(rate_hz, sample_type), raw + rest, cuts), whole)


@given(rate_hz=st.sampled_from(RATES_HZ), cuts=CUTS)
def test_cuts_in_a_wav_are_not_heard(rate_hz: int, cuts: list[int]) -> None:
    """Its header may come in any pieces, too."""
    raw = wav(tone("Good morning.", rate_hz=rate_hz), rate_hz)
    assert np.array_equal(decoded(WavDecoder(), raw, cuts), decoded(WavDecoder(), raw, []))


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_joint_does_not_click(rate_hz: int) -> None:
    """A tone in chunks of 7 samples stays that tone: what differs from it is 80 dB down."""
    turns = np.arange(rate_hz // 2) * (440.0 / rate_hz)
    audio = (0.5 * np.sin(2 * np.pi * turns)).astype(np.float32)
    heard = resampled(audio, rate_hz, [7] * (audio.size // 7))
    ideal = 0.5 * np.sin(2 * np.pi * np.arange(heard.size) * (440.0 / 24_000))
    middle = slice(2_400, heard.size - 2_400)
    assert np.abs(heard[middle] - ideal[middle]).max() < 0.5e-4
