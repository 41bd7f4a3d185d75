"""The convolutional half of the speaker encoder: ECAPA-TDNN without its pooling.

Desplanques et al., arXiv:2005.07143. Everything is (1, frames, channels).
"""

from typing import Final

import mlx.core as mx

from streamtalk.tts.spark.backbone import linear
from streamtalk.tts.spark.shapes import ECAPA_DILATIONS, ECAPA_SCALE
from streamtalk.tts.spark.weights import Weights

_EPSILON: Final = 1e-5


class _ConvReluNorm:
    """Convolution, rectifier and batch normalisation with the statistics of training."""

    def __init__(self, conv: Weights, norm: Weights, dilation: int = 1) -> None:
        self._kernel = conv["weight"].transpose(0, 2, 1)
        self._bias = conv["bias"]
        self._dilation = dilation
        self._scale = norm["weight"] / mx.sqrt(norm["running_var"] + _EPSILON)
        self._shift = norm["bias"] - norm["running_mean"] * self._scale

    def __call__(self, x: mx.array) -> mx.array:
        reach = (self._kernel.shape[1] - 1) // 2 * self._dilation
        y = mx.conv1d(x, self._kernel, padding=reach, dilation=self._dilation) + self._bias
        return mx.maximum(y, 0) * self._scale + self._shift


class _Block:
    """Res2Net of eight parts between two pointwise layers, then squeeze and excitation."""

    def __init__(self, weights: Weights, dilation: int) -> None:
        self._first = _ConvReluNorm(weights.under("0.conv"), weights.under("0.bn"))
        self._parts = [
            _ConvReluNorm(
                weights.under(f"1.convs.{index}"), weights.under(f"1.bns.{index}"), dilation
            )
            for index in range(ECAPA_SCALE - 1)
        ]
        self._last = _ConvReluNorm(weights.under("2.conv"), weights.under("2.bn"))
        self._excitation = weights.under("3")

    def __call__(self, x: mx.array) -> mx.array:
        parts = mx.split(self._first(x), ECAPA_SCALE, axis=-1)
        made = [self._parts[0](parts[0])]
        for layer, part in zip(self._parts[1:], parts[1:], strict=False):
            made.append(layer(made[-1] + part))
        y = self._last(mx.concatenate([*made, parts[-1]], axis=-1))
        squeezed = mx.maximum(linear(self._excitation, "linear1", mx.mean(y, axis=1)), 0)
        return x + y * mx.sigmoid(linear(self._excitation, "linear2", squeezed))[:, None]


class Ecapa:
    """Mel frames to features of the speaker."""

    def __init__(self, weights: Weights) -> None:
        self._first = _ConvReluNorm(weights.under("layer1.conv"), weights.under("layer1.bn"))
        self._blocks = [
            _Block(weights.under(f"layer{index + 2}.se_res2block"), dilation)
            for index, dilation in enumerate(ECAPA_DILATIONS)
        ]
        self._kernel, self._bias = weights.convolution("conv")

    def __call__(self, mel: mx.array) -> mx.array:
        """(1, frames, mels) to (1, frames, 1536)."""
        x = self._first(mel)
        outputs = []
        for block in self._blocks:
            x = block(x)
            outputs.append(x)
        joined = mx.concatenate(outputs, axis=-1)
        return mx.maximum(mx.conv1d(joined, self._kernel) + self._bias, 0)
