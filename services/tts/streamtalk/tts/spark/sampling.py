"""Draws the next token while the one before is still being read.

The values are those that Spark-TTS was published with; there is no repetition penalty.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated

import mlx.core as mx
import msgspec
import numpy as np

from streamtalk.tts.spark.qwen2 import Cache, Head, Qwen2


class Sampling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How tokens are drawn."""

    temperature: Annotated[float, msgspec.Meta(ge=0.0, le=2.0)] = 0.8
    """0: always the most likely token."""

    top_k: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 50
    """Only that many of the likeliest tokens are drawn from."""

    top_p: Annotated[float, msgspec.Meta(gt=0.0, le=1.0)] = 0.95
    """Of these, only the likeliest that together have this probability."""

    seed: Annotated[int, msgspec.Meta(ge=0, lt=2**62)] = 0


class Sampler:
    """A sequence of draws that the seed decides."""

    def __init__(self, settings: Sampling) -> None:
        self._settings = settings
        self._key = mx.random.key(settings.seed)

    def __call__(self, logits: mx.array) -> mx.array:
        """Index of the token drawn of logits (rows,); not yet computed."""
        settings = self._settings
        if settings.temperature == 0.0:
            return mx.argmax(logits)
        self._key, draw = mx.random.split(self._key)
        likeliest, scaled = self._likeliest(logits / settings.temperature)
        return likeliest[mx.random.categorical(scaled, key=draw)]

    def _likeliest(self, logits: mx.array) -> tuple[mx.array, mx.array]:
        count = min(self._settings.top_k, logits.shape[0])
        candidates = mx.argpartition(-logits, kth=count - 1)[:count]
        order = candidates[mx.argsort(-logits[candidates])]
        sorted_logits = logits[order]
        probabilities = mx.softmax(sorted_logits)
        before = mx.cumsum(probabilities) - probabilities
        kept = before < self._settings.top_p
        return order, mx.where(kept, sorted_logits, -mx.inf)


def generate(
    model: Qwen2,
    head: Head,
    prompt: Sequence[int],
    sampler: Sampler,
    stops: frozenset[int],
    cache: Cache | None = None,
) -> Iterator[int]:
    """Tokens after `prompt`, without end until one of `stops`, which is not returned.

    The next step is handed to the device before the token of this one is waited for. Close the
    generator to stop; raises EngineError where the model has no positions left.
    """
    cache = model.cache() if cache is None else cache
    token = _step(model, head, mx.array(list(prompt)), cache, sampler)
    while True:
        following = _step(model, head, token.reshape(1), cache, sampler)
        number = int(np.asarray(token))
        if number in stops:
            return
        yield number
        token = following


def _step(model: Qwen2, head: Head, tokens: mx.array, cache: Cache, sampler: Sampler) -> mx.array:
    logits = head(model.hidden(tokens, cache)[-1])
    token = head.ids[sampler(logits)]
    mx.async_eval(token)  # type: ignore[no-untyped-call]
    return token
