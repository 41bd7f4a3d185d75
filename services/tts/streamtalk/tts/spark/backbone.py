"""The prenet: Vocos backbones of ConvNeXt blocks, conditioned by the speaker.

Siuzdak, Vocos, arXiv:2306.00814. Everything is (1, frames, channels): no layout is ever guessed.
"""

import math
from collections.abc import Callable
from typing import Final

import mlx.core as mx

from streamtalk.tts.spark.architecture import FeatureConfig
from streamtalk.tts.spark.shapes import BACKBONES_LAYERS, KERNEL
from streamtalk.tts.spark.weights import Weights

Norm = Callable[[mx.array], mx.array]

_EPSILON: Final = 1e-6
_SAMPLING_GAIN: Final = 3.0
"""A sampling block of ratio 1 adds its input and two skips: thrice the input."""


def linear(weights: Weights, name: str, x: mx.array) -> mx.array:
    """`x` through the layer `name`, with its bias."""
    return mx.addmm(weights[f"{name}.bias"], x, weights[f"{name}.weight"].T)


def gelu(x: mx.array) -> mx.array:
    """The exact form, by the error function."""
    return x * (1 + mx.erf(x / math.sqrt(2))) / 2


class _LayerNorm:
    def __init__(self, weights: Weights) -> None:
        self._weight, self._bias = weights["weight"], weights["bias"]

    def __call__(self, x: mx.array) -> mx.array:
        return mx.fast.layer_norm(x, self._weight, self._bias, _EPSILON)


class _AdaptiveNorm:
    """Scale and shift come from the condition."""

    def __init__(self, weights: Weights, condition: mx.array) -> None:
        self._scale = linear(weights, "scale", condition)
        self._shift = linear(weights, "shift", condition)

    def __call__(self, x: mx.array) -> mx.array:
        return mx.fast.layer_norm(x, None, None, _EPSILON) * self._scale + self._shift


def _norm(weights: Weights, condition: mx.array | None) -> Norm:
    return _LayerNorm(weights) if condition is None else _AdaptiveNorm(weights, condition)


class _ConvNeXt:
    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._kernel, self._bias = weights.convolution("dwconv")
        self._norm = weights.under("norm")

    def __call__(self, x: mx.array, condition: mx.array | None) -> mx.array:
        mixed = mx.conv1d(x, self._kernel, padding=KERNEL // 2, groups=x.shape[-1]) + self._bias
        wide = gelu(linear(self._weights, "pwconv1", _norm(self._norm, condition)(mixed)))
        return x + self._weights["gamma"] * linear(self._weights, "pwconv2", wide)


class Backbone:
    """Embedding convolution, ConvNeXt blocks and a final normalisation."""

    def __init__(self, weights: Weights, layers: int) -> None:
        self._kernel, self._bias = weights.convolution("embed")
        self._norm = weights.under("norm")
        self._blocks = [_ConvNeXt(weights.under(f"convnext.{index}")) for index in range(layers)]
        self._final = _LayerNorm(weights.under("final_layer_norm"))

    def __call__(self, x: mx.array, condition: mx.array | None = None) -> mx.array:
        """(1, frames, dim) to the same shape."""
        embedded = mx.conv1d(x, self._kernel, padding=KERNEL // 2) + self._bias
        x = _norm(self._norm, condition)(embedded)
        for block in self._blocks:
            x = block(x, condition)
        return self._final(x)


class Prenet:
    """From embedded semantic tokens to the features of the wave generator."""

    def __init__(self, config: FeatureConfig, weights: Weights) -> None:
        self._weights = weights
        self._tanh = config.use_tanh_at_final
        self._small = [
            Backbone(weights.under(f"downsample.{index}.1"), BACKBONES_LAYERS)
            for index in range(len(config.sample_ratios))
        ]
        self._main = Backbone(weights.under("vocos_backbone"), config.vocos_num_layers)

    def __call__(self, x: mx.array, condition: mx.array) -> mx.array:
        """(1, frames, input_channels) to (1, frames, out_channels)."""
        x = linear(self._weights, "linear_pre", x)
        for backbone in self._small:
            x = backbone(_SAMPLING_GAIN * x)
        x = linear(self._weights, "linear", self._main(x, condition))
        return mx.tanh(x) if self._tanh else x
