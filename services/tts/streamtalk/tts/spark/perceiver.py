"""The perceiver that resamples any number of frames to 32 latents (arXiv:2204.14198)."""

import math

import mlx.core as mx

from streamtalk.tts.spark.backbone import gelu, linear
from streamtalk.tts.spark.shapes import PERCEIVER_HEADS, PERCEIVER_LAYERS
from streamtalk.tts.spark.weights import Weights


class Perceiver:
    """Two layers of attention from the latents to themselves and the frames."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._layers = [weights.under(f"layers.{index}") for index in range(PERCEIVER_LAYERS)]

    def __call__(self, frames: mx.array) -> mx.array:
        """(frames, 1536) to (latents, dim), each of unit mean square times its gain."""
        context = linear(self._weights, "proj_context", frames)
        latents = self._weights["latents"]
        for layer in self._layers:
            latents = latents + _attend(layer.under("0"), latents, context)
            gated, gate = mx.split(linear(layer, "1.0", latents), 2, axis=-1)
            latents = latents + linear(layer, "1.2", gated * gelu(gate))
        norm = mx.linalg.norm(latents, axis=-1, keepdims=True)
        return latents / norm * math.sqrt(latents.shape[-1]) * self._weights["norm.gamma"]


def _attend(weights: Weights, latents: mx.array, context: mx.array) -> mx.array:
    heard = mx.concatenate([latents, context])
    keys, values = mx.split(heard @ weights["to_kv.weight"].T, 2, axis=-1)
    queries = latents @ weights["to_q.weight"].T
    scale = (queries.shape[-1] // PERCEIVER_HEADS) ** -0.5
    parts = (_heads(queries), _heads(keys), _heads(values))
    attended = mx.fast.scaled_dot_product_attention(*parts, scale=scale)[0]
    joined = attended.transpose(1, 0, 2).reshape(latents.shape[0], -1)
    return joined @ weights["to_out.weight"].T


def _heads(x: mx.array) -> mx.array:
    return x.reshape(x.shape[0], PERCEIVER_HEADS, -1).transpose(1, 0, 2)[None]
