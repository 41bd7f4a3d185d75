"""What a window of frames needs and costs: pure functions of the configuration."""

import math
from dataclasses import dataclass
from typing import Final

from streamtalk.tts.spark.architecture import BiCodecConfig, FeatureConfig, WaveConfig
from streamtalk.tts.spark.shapes import BACKBONES_LAYERS, DILATIONS, KERNEL

_REACH: Final = KERNEL // 2


@dataclass(frozen=True)
class Context:
    """Frames beside a window that change what is made of the window."""

    left: int
    right: int


def samples_per_frame(config: WaveConfig) -> int:
    """Samples that the wave generator makes of each frame."""
    return math.prod(config.rates)


def _convolutions(config: FeatureConfig) -> int:
    small = len(config.sample_ratios) * (1 + BACKBONES_LAYERS)
    return small + 1 + config.vocos_num_layers


def prenet_context(config: FeatureConfig) -> Context:
    """Frames that the prenet hears beside each frame that it makes."""
    reach = _REACH * _convolutions(config)
    return Context(reach, reach)


def wave_context(config: WaveConfig) -> Context:
    """Frames that the wave generator hears beside each frame whose samples it makes.

    The span of inputs of one frame's samples, followed back from the last layer to the first.
    """
    first, last = -_REACH, samples_per_frame(config) - 1 + _REACH
    residual = _REACH * sum(DILATIONS)
    for rate, kernel in zip(reversed(config.rates), reversed(config.kernel_sizes), strict=True):
        padding = (kernel - rate) // 2
        first = -((kernel - 1 - padding - (first - residual)) // rate)
        last = (last + residual + padding) // rate
    return Context(_REACH - first, last + _REACH)


def prenet_macs_per_frame(config: FeatureConfig) -> int:
    """Multiply-accumulates of the prenet for each frame; the condition is of the voice."""
    dim, wide = config.vocos_dim, config.vocos_intermediate_dim
    small = len(config.sample_ratios)
    blocks = small * BACKBONES_LAYERS + config.vocos_num_layers
    embeds = (small + 1) * KERNEL * dim * dim
    ends = dim * (config.input_channels + config.out_channels)
    return embeds + blocks * dim * (KERNEL + 2 * wide) + ends


def wave_macs_per_frame(config: WaveConfig) -> int:
    """Multiply-accumulates of the wave generator for each frame."""
    dim, samples = config.channels, 1
    macs = KERNEL * config.input_channel * dim
    for rate, kernel in zip(config.rates, config.kernel_sizes, strict=True):
        macs += samples * kernel * dim * (dim // 2)
        dim, samples = dim // 2, samples * rate
        macs += samples * len(DILATIONS) * (KERNEL + 1) * dim * dim
    return macs + samples * KERNEL * dim


def macs_per_frame(config: BiCodecConfig) -> int:
    """Multiply-accumulates of decoding one frame without any context."""
    return prenet_macs_per_frame(config.prenet) + wave_macs_per_frame(config.decoder)
