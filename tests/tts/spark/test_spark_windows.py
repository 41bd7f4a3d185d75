"""Decoding in chunks gives what decoding at once gives, and costs little more."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("mlx.core")

from streamtalk.tts.spark.architecture import FeatureConfig, WaveConfig
from streamtalk.tts.spark.bicodec import BiCodecDecoder, load_decoder
from streamtalk.tts.spark.checkpoint import Checkpoint
from streamtalk.tts.spark.chunking import STEADY_AHEAD, Progress, Reach, Shape, Work, reach_of
from streamtalk.tts.spark.geometry import (
    prenet_context,
    prenet_macs_per_frame,
    wave_context,
    wave_macs_per_frame,
)
from streamtalk.tts.spark.seam import FADE_SAMPLES, Audio, Seam
from streamtalk.tts.spark.windows import CachedStream, WindowStream

pytestmark = pytest.mark.unit

Kind = type[CachedStream] | type[WindowStream]
KINDS = [CachedStream, WindowStream]
PRENET = FeatureConfig(
    input_channels=1_024,
    vocos_dim=384,
    vocos_intermediate_dim=2_048,
    vocos_num_layers=12,
    out_channels=1_024,
    condition_dim=1_024,
)
WAVE = WaveConfig(
    input_channel=1_024, channels=1_536, rates=[8, 5, 4, 2], kernel_sizes=[16, 11, 8, 4]
)
"""As published."""

TOKENS = [int(code) for code in np.random.default_rng(7).integers(0, 8_192, 60)]
VOICE = [int(code) for code in np.random.default_rng(8).integers(0, 4_096, 32)]
_DECODERS: dict[Path, BiCodecDecoder] = {}


@pytest.fixture(scope="module")
def decoder(tiny: Path) -> BiCodecDecoder:
    """Of a tiny random checkpoint with the real rates, kernels and layers."""
    if tiny not in _DECODERS:
        _DECODERS[tiny] = load_decoder(Checkpoint(tiny))
    return _DECODERS[tiny]


def stream(
    kind: Kind, decoder: BiCodecDecoder, tokens: Sequence[int], shape_of: Callable[[int], Shape]
) -> tuple[list[Audio], list[int]]:
    """Audio and multiplications of each chunk."""
    streamed, macs = kind(decoder, decoder.condition(VOICE)), [0]
    audio: list[Audio] = []
    while not streamed.finished:
        shape = shape_of(len(audio))
        wanted = streamed.wanted_tokens(shape)
        streamed.tokens += tokens[len(streamed.tokens) : wanted]
        streamed.ended = wanted > len(tokens)
        audio.append(streamed.chunk(shape))
        macs.append(streamed.macs)
    return audio, [int(step) for step in np.diff(macs)]


def _twelve(ahead: int, chunk: int) -> Shape:
    del chunk
    return Shape(12, ahead)


def _decibels(audio: Audio, exact: Audio) -> float:
    noise = float(np.sum((audio - exact) ** 2)) + 1e-20
    return float(10 * np.log10(np.sum(exact**2) / noise))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=4, deadline=None, derandomize=True)
@given(news=st.lists(st.integers(1, 40), min_size=1, max_size=6), total=st.integers(1, 60))
def test_any_chunking_is_the_whole_decode(
    decoder: BiCodecDecoder, kind: Kind, news: list[int], total: int
) -> None:
    """With the receptive field ahead, samples differ by rounding only, and none is missing."""
    exact = np.array(decoder.decode(TOKENS[:total], decoder.condition(VOICE)))
    shapes = [Shape(new, 67 + new % 3) for new in news]
    audio, _ = stream(kind, decoder, TOKENS[:total], lambda k: shapes[min(k, len(shapes) - 1)])
    joined = np.concatenate(audio)
    assert joined.shape == exact.shape == (320 * total,)
    assert np.abs(joined - exact).max() <= 1e-6


@pytest.mark.parametrize("kind", KINDS)
def test_more_look_ahead_is_more_exact(decoder: BiCodecDecoder, kind: Kind) -> None:
    """The error against the whole decode falls with every step of look-ahead."""
    exact = np.array(decoder.decode(TOKENS, decoder.condition(VOICE)))
    found = []
    for ahead in (0, 4, 10, STEADY_AHEAD):
        audio, _ = stream(kind, decoder, TOKENS, partial(_twelve, ahead))
        joined = np.concatenate(audio)
        assert joined.size == exact.size
        found.append(_decibels(joined, exact))
    assert found == sorted(found)
    assert found[-1] > 50


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("total", [1, 7, 8, 9, 12])
def test_end_in_the_first_chunk_keeps_every_sample(
    decoder: BiCodecDecoder, kind: Kind, total: int
) -> None:
    """A stream that ends at once is as long as its tokens, and exact: all of it is known."""
    audio, _ = stream(kind, decoder, TOKENS[:total], lambda _: Shape(8, 4))
    exact = np.array(decoder.decode(TOKENS[:total], decoder.condition(VOICE)))
    assert np.concatenate(audio).size == 320 * total
    if total <= 8:
        assert np.abs(audio[0] - exact).max() <= 1e-6


def test_chunk_costs_no_more_than_planned(decoder: BiCodecDecoder) -> None:
    """The multiplications that are made are at most those that the schedule counts on."""
    config, shape_of = decoder.config, [Shape(8, 4), Shape(16, 10), Shape(24, STEADY_AHEAD)]
    each = prenet_macs_per_frame(config.prenet), wave_macs_per_frame(config.decoder)
    _, macs = stream(CachedStream, decoder, TOKENS, lambda k: shape_of[min(k, 2)])
    progress, made = Progress(reach_of(config)), []
    for chunk in range(len(macs)):
        shape = shape_of[min(chunk, 2)]
        wanted = progress.emitted + shape.new + shape.ahead
        cut = progress.cut(shape, min(wanted, len(TOKENS)), ended=wanted > len(TOKENS))
        made.append(cut.work.prenet_frames * each[0] + cut.work.wave_frames * each[1])
        progress = progress.after(cut)
    assert all(found <= planned * 1.001 for found, planned in zip(macs, made, strict=True))


def _share(work: Work, frames: int) -> float:
    """Multiplications of the published model, as a share of decoding so many frames at once."""
    prenet, wave = prenet_macs_per_frame(PRENET), wave_macs_per_frame(WAVE)
    return (work.prenet_frames * prenet + work.wave_frames * wave) / (frames * (prenet + wave))


def test_first_chunk_costs_a_quarter_of_a_second_of_audio() -> None:
    """8 frames with 4 ahead: 12 of the 50 frames of a second."""
    reach = Reach(prenet_context(PRENET), wave_context(WAVE))
    assert _share(Progress(reach).cut(Shape(8, 4), 12, ended=False).work, 50) <= 0.25


@pytest.mark.parametrize("new, limit", [(28, 1.15), (48, 1.10)])
def test_steady_chunk_costs_little_more_than_its_frames(new: int, limit: float) -> None:
    """With caches the published model's overhead is that of the prenet's window."""
    progress = Progress(Reach(prenet_context(PRENET), wave_context(WAVE)))
    for _ in range(8):
        shape = Shape(new, STEADY_AHEAD)
        cut = progress.cut(shape, progress.emitted + sum(shape), ended=False)
        progress = progress.after(cut)
    assert _share(cut.work, new) <= limit


def test_steady_window_costs_at_most_three_fifths_more(decoder: BiCodecDecoder) -> None:
    """Chunks of 48 that are decoded again with their context, in the published model's shares."""
    reach = Reach(prenet_context(PRENET), wave_context(WAVE))
    wave = 1 + reach.wave.left + 48 + reach.wave.right
    prenet = reach.prenet.left + 1 + reach.wave.left + 48 + 24
    assert _share(Work(prenet, wave), 48) <= 1.6


def test_seam_fades_and_keeps_the_length() -> None:
    """The held end of a chunk goes over into the next version of it without a step."""
    seam, rise = Seam(), np.full(1_000, 0.5, np.float32)
    first = seam.join(np.zeros(1_000, np.float32), last=False)
    assert seam.held_samples == FADE_SAMPLES
    second = seam.join(rise, last=True)
    joined = np.concatenate([first, second])
    assert joined.size == 1_000 - FADE_SAMPLES + 1_000
    assert np.abs(np.diff(joined)).max() < 0.5 / FADE_SAMPLES
