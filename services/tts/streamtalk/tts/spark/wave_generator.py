"""From features to samples: the decoder of DAC (Kumar et al., arXiv:2306.06546).

Weight normalisation is folded when the weights are loaded. Everything is (1, time, channels).
"""

from typing import Final

import mlx.core as mx

from streamtalk.tts.spark.architecture import WaveConfig
from streamtalk.tts.spark.shapes import DILATIONS
from streamtalk.tts.spark.weights import Weights

_TINY: Final = 1e-9


class Snake:
    """x + sin²(ax) / a: a periodic activation with a learnt frequency for each channel."""

    def __init__(self, alpha: mx.array) -> None:
        self._alpha = alpha.reshape(1, 1, -1)
        self._inverse = 1 / (self._alpha + _TINY)

    def __call__(self, x: mx.array) -> mx.array:
        """Any shape (..., channels) to the same."""
        wave = mx.sin(self._alpha * x)
        return x + self._inverse * wave * wave


class Convolution:
    """Keeps the length."""

    def __init__(self, weights: Weights, name: str, dilation: int = 1) -> None:
        kernel = weights.folded(name)
        self.kernel = mx.contiguous(kernel.transpose(0, 2, 1))
        self.bias = weights[f"{name}.bias"]
        self.dilation = dilation
        self.padding = (kernel.shape[-1] - 1) * dilation // 2

    def __call__(self, x: mx.array) -> mx.array:
        """(1, time, channels in) to (1, time, channels out)."""
        convolved = mx.conv1d(x, self.kernel, padding=self.padding, dilation=self.dilation)
        return convolved + self.bias


class Upsampling:
    """Multiplies the length by the rate."""

    def __init__(self, weights: Weights, name: str, rate: int) -> None:
        kernel = weights.folded(name)
        self.kernel = mx.contiguous(kernel.transpose(1, 2, 0))
        self.bias = weights[f"{name}.bias"]
        self.rate = rate
        self.padding = (kernel.shape[-1] - rate) // 2

    def __call__(self, x: mx.array) -> mx.array:
        """(1, time, channels in) to (1, time * rate, channels out)."""
        padding = self.padding
        return mx.conv_transpose1d(x, self.kernel, self.rate, padding) + self.bias


class Residual:
    """A unit that adds a dilated convolution of its input to it."""

    def __init__(self, weights: Weights, dilation: int) -> None:
        self.steps = (
            Snake(weights["0.alpha"]),
            Convolution(weights, "1", dilation),
            Snake(weights["2.alpha"]),
            Convolution(weights, "3"),
        )

    def __call__(self, x: mx.array) -> mx.array:
        """(1, time, channels) to the same."""
        y = x
        for step in self.steps:
            y = step(y)
        return x + y


class WaveGenerator:
    """Transposed convolutions with three residual units behind each."""

    def __init__(self, config: WaveConfig, weights: Weights) -> None:
        self.steps: list[Snake | Convolution | Upsampling | Residual] = []
        self.steps.append(Convolution(weights, "model.0"))
        for index, rate in enumerate(config.rates):
            block = weights.under(f"model.{index + 1}.block")
            self.steps += [Snake(block["0.alpha"]), Upsampling(block, "1", rate)]
            self.steps += [
                Residual(block.under(f"{unit + 2}.block"), dilation)
                for unit, dilation in enumerate(DILATIONS)
            ]
        last = len(config.rates) + 1
        self.steps.append(Snake(weights[f"model.{last}.alpha"]))
        self.steps.append(Convolution(weights, f"model.{last + 1}"))

    def __call__(self, x: mx.array) -> mx.array:
        """(1, frames, input_channel) to (1, samples, 1) in [-1, 1]."""
        for step in self.steps:
            x = step(x)
        return mx.tanh(x)
