"""Tokens of Spark-TTS become the samples that mlx-audio makes of them."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("mlx.core", reason="MLX has no wheel for this machine")

import mlx.core as mx

from streamtalk.proto.errors import EngineError
from streamtalk.tts.spark.bicodec import BiCodecDecoder, load_decoder
from streamtalk.tts.spark.checkpoint import Checkpoint
from tests.support.spark_signals import DECODE_FRAMES, global_tokens, semantic_codes

pytestmark = pytest.mark.contract

GOLDEN = Path(__file__).parent / "golden"
TOLERANCE = 1e-5
Golden = dict[str, NDArray[np.float32]]


@pytest.fixture(scope="module")
def decoder(tiny: Path) -> BiCodecDecoder:
    """The decoder of the tiny checkpoint."""
    return load_decoder(Checkpoint(tiny))


@pytest.fixture(scope="module")
def golden() -> Golden:
    """What the oracle made."""
    with np.load(GOLDEN / "decoding.npz") as arrays:
        return dict(arrays)


def test_checkpoint_is_the_one_that_the_oracle_heard(tiny: Path) -> None:
    """The generator still makes the same bytes; otherwise run tools/spark_oracle.py again."""
    sha256 = hashlib.sha256()
    for path in sorted(tiny.rglob("*.safetensors")):
        sha256.update(path.read_bytes())
    origin = json.loads((GOLDEN / "origin.json").read_text())
    assert origin["checkpoint_sha256"] == sha256.hexdigest()


def test_condition_equals_the_oracle(decoder: BiCodecDecoder, golden: Golden) -> None:
    """Global tokens become the d-vector, and the same one again."""
    dvector = decoder.condition(global_tokens())
    np.testing.assert_allclose(np.array(dvector), golden["dvector"], atol=TOLERANCE)
    assert decoder.condition(global_tokens()) is dvector


@pytest.mark.parametrize("frames", DECODE_FRAMES)
def test_samples_equal_the_oracle(decoder: BiCodecDecoder, golden: Golden, frames: int) -> None:
    """320 samples a frame, also for one frame and for as many frames as there are channels."""
    samples = decoder.decode(semantic_codes(frames), decoder.condition(global_tokens()))
    assert samples.shape == (frames * 320,)
    np.testing.assert_allclose(np.array(samples), golden[f"samples_{frames}"], atol=TOLERANCE)


def test_wave_window_with_its_context_is_exact(decoder: BiCodecDecoder) -> None:
    """Samples of 3 frames need `wave_context` of features to each side, and no more."""
    tokens, dvector = semantic_codes(30), decoder.condition(global_tokens())
    features = decoder.prenet(tokens, dvector)
    whole = np.array(decoder.wave(features))
    left, right = decoder.wave_context.left, decoder.wave_context.right
    window = np.array(decoder.wave(features[14 - left : 17 + right]))
    inside = window[left * 320 : (left + 3) * 320]
    np.testing.assert_allclose(inside, whole[14 * 320 : 17 * 320], atol=TOLERANCE)


@pytest.mark.parametrize("side", [-1, 1])
def test_wave_context_is_not_larger_than_it_must_be(decoder: BiCodecDecoder, side: int) -> None:
    """A feature at the edge of the context still changes a sample; one beyond changes none."""
    features = mx.random.normal((31, 64), key=mx.random.key(3))
    before = np.array(decoder.wave(features)).reshape(31, 320)
    reach = decoder.wave_context.left if side < 0 else decoder.wave_context.right
    changed = mx.array(features)
    changed[15 + side * reach] += 100.0
    after = np.array(decoder.wave(changed)).reshape(31, 320)
    assert (before[15] != after[15]).any()
    assert (before[15 - side] == after[15 - side]).all()


def test_prenet_hears_no_further_than_its_context(decoder: BiCodecDecoder) -> None:
    """A token further than `prenet_context` away leaves a feature as it is, to the bit."""
    dvector = decoder.condition(global_tokens())
    reach = decoder.prenet_context.left
    tokens = semantic_codes(reach + 10)
    before = np.array(decoder.prenet(tokens, dvector))
    after = np.array(decoder.prenet([(tokens[0] + 1) % 8_192, *tokens[1:]], dvector))
    assert (before[0] != after[0]).any()
    assert (before[reach + 1 :] == after[reach + 1 :]).all()


@pytest.mark.parametrize("tokens", [[], [-1], [8_192]])
def test_codes_outside_of_the_codebook_are_refused(
    decoder: BiCodecDecoder, tokens: list[int]
) -> None:
    """A code that no entry has would read other memory."""
    with pytest.raises(EngineError, match="0 to 8191"):
        decoder.decode(tokens, decoder.condition(global_tokens()))


@pytest.mark.parametrize("tokens", [[1] * 31, [4_096] * 32])
def test_global_tokens_of_no_voice_are_refused(decoder: BiCodecDecoder, tokens: list[int]) -> None:
    """A voice has exactly 32 tokens of 0 to 4095."""
    with pytest.raises(EngineError, match="global tokens"):
        decoder.condition(tokens)
