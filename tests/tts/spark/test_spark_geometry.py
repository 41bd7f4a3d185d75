"""Contexts, costs and sizes of Spark-TTS follow from its configuration alone."""

import math

import msgspec
import pytest

from streamtalk.tts.spark import shapes
from streamtalk.tts.spark.architecture import BiCodecConfig, LlmConfig
from streamtalk.tts.spark.geometry import (
    Context,
    macs_per_frame,
    prenet_context,
    prenet_macs_per_frame,
    samples_per_frame,
    wave_context,
    wave_macs_per_frame,
)
from tests.support.published_spark import BICODEC, LLM

pytestmark = pytest.mark.unit

CONFIG = msgspec.convert(BICODEC, BiCodecConfig)


def _parameters(tensors: shapes.Shapes) -> int:
    return sum(math.prod(shape) for shape in tensors.values())


def test_codec_has_as_many_parameters_as_the_published_file() -> None:
    """The published `BiCodec/model.safetensors` has 626 MB of fp32: 156.3 million values."""
    tensors = shapes.decoding(CONFIG) | shapes.enrolment(CONFIG) | shapes.training_only(CONFIG)
    assert _parameters(tensors) == pytest.approx(156.3e6, rel=1e-3)


def test_llm_has_as_many_parameters_as_the_published_file() -> None:
    """Qwen2.5-0.5B with 166,000 tokens: 357.9 million in the layers, 148.7 in the embedding."""
    tensors = shapes.llm(msgspec.convert(LLM, LlmConfig))
    assert _parameters(tensors) == pytest.approx(506.6e6, rel=1e-3)
    assert "lm_head.weight" not in tensors


def test_context_counts_every_convolution() -> None:
    """19 convolutions of width 7 reach 57 frames; the wave generator under 10 to either side."""
    assert prenet_context(CONFIG.prenet) == Context(57, 57)
    assert wave_context(CONFIG.decoder) == Context(10, 10)
    assert samples_per_frame(CONFIG.decoder) == 320


def test_costs_are_those_counted_by_hand() -> None:
    """29.1 and 558.6 million multiply-accumulates a frame: 58.8 GFLOP for a second of audio."""
    assert prenet_macs_per_frame(CONFIG.prenet) == pytest.approx(29.1e6, rel=2e-3)
    assert wave_macs_per_frame(CONFIG.decoder) == pytest.approx(558.6e6, rel=1e-3)
    assert macs_per_frame(CONFIG) * 2 * 50 == pytest.approx(58.8e9, rel=1e-3)
