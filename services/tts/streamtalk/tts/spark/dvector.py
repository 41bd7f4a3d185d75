"""Finite scalar quantisation of the speaker: global tokens to the d-vector, vectors to tokens.

Mentzer et al., Finite Scalar Quantization, arXiv:2309.15505, as Spark-TTS applies it.
"""

import math
from collections.abc import Sequence
from typing import Final

import mlx.core as mx
import numpy as np
from numpy.typing import NDArray

from streamtalk.proto.errors import EngineError
from streamtalk.tts.spark.architecture import SpeakerConfig
from streamtalk.tts.spark.weights import Weights

_MARGIN: Final = 1e-3
"""Share by which the bound of an even number of levels exceeds the outermost level."""


class GlobalTokens:
    """The codebook of global tokens: `token_num` integers below the product of the levels."""

    def __init__(self, config: SpeakerConfig) -> None:
        self.count = config.token_num
        self.size = math.prod(config.fsq_levels)
        self._levels = np.asarray(config.fsq_levels, np.int64)
        self._basis = np.cumprod([1, *config.fsq_levels[:-1]])

    def check(self, tokens: Sequence[int]) -> None:
        """Raise EngineError unless these are the global tokens of one voice."""
        if len(tokens) != self.count:
            raise EngineError(f"a voice has {self.count} global tokens, not {len(tokens)}")
        if not all(0 <= token < self.size for token in tokens):
            raise EngineError(f"global tokens are 0 to {self.size - 1}")

    def codes(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Levels in [-1, 1], shape (tokens, dimensions)."""
        self.check(tokens)
        digits = np.asarray(tokens, np.int64)[:, None] // self._basis % self._levels
        half = self._levels // 2
        return ((digits - half) / half).astype(np.float32)

    def nearest(self, vectors: mx.array) -> list[int]:
        """Tokens of bounded and rounded `vectors` of shape (tokens, dimensions)."""
        levels = mx.array(self._levels.astype(np.float32))
        half = (levels - 1) * (1 + _MARGIN) / 2
        offset = mx.where(levels % 2 == 0, 0.5, 0.0)
        bounded = mx.tanh(vectors + mx.arctanh(offset / half)) * half - offset
        digits = np.asarray(mx.round(bounded)).astype(np.int64) + self._levels // 2
        return [int(token) for token in digits @ self._basis]


class SpeakerProjection:
    """Global tokens to the vector that conditions the decoder."""

    def __init__(self, config: SpeakerConfig, weights: Weights) -> None:
        self.tokens = GlobalTokens(config)
        self._out = weights["quantizer.project_out.weight"], weights["quantizer.project_out.bias"]
        self._project = weights["project.weight"], weights["project.bias"]

    def __call__(self, global_tokens: Sequence[int]) -> mx.array:
        """Shape (condition_dim,), from the latents read channel by channel over all tokens."""
        codes = mx.array(self.tokens.codes(global_tokens))
        latents = mx.addmm(self._out[1], codes, self._out[0].T)
        vector: mx.array = latents.T.reshape(-1) @ self._project[0].T + self._project[1]
        return vector
