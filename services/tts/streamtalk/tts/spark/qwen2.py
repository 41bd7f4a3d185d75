"""The language model of Spark-TTS: Qwen2 with a key-value cache (arXiv:2407.10671).

It returns hidden states; a head that holds only the rows that may be sampled makes logits of them.
"""

from collections.abc import Sequence
from typing import Final

import mlx.core as mx

from streamtalk.proto.errors import EngineError
from streamtalk.tts.spark.architecture import LlmConfig
from streamtalk.tts.spark.checkpoint import Checkpoint
from streamtalk.tts.spark.matrix import Matrix, Precision, dtype_of, quantise, read_matrix
from streamtalk.tts.spark.weights import Weights

_CACHE_STEP: Final = 256
"""Positions by which the cache grows."""

MAX_POSITIONS: Final = 8_192
"""Prompt and speech together; the model was trained on fewer."""


class KeyValues:
    """Keys and values of one layer, shape (1, heads, positions, head_dim)."""

    def __init__(self) -> None:
        self.length = 0
        self._keys: mx.array | None = None
        self._values: mx.array | None = None

    def append(self, keys: mx.array, values: mx.array) -> tuple[mx.array, mx.array]:
        """Add positions; returns all of them."""
        end = self.length + keys.shape[2]
        all_keys, all_values = self._room(keys, end)
        all_keys[:, :, self.length : end] = keys
        all_values[:, :, self.length : end] = values
        self._keys, self._values, self.length = all_keys, all_values, end
        return all_keys[:, :, :end], all_values[:, :, :end]

    def _room(self, like: mx.array, end: int) -> tuple[mx.array, mx.array]:
        if self._keys is None or self._values is None:
            room = self._empty(like, end)
            return room, mx.array(room)
        if end <= self._keys.shape[2]:
            return self._keys, self._values
        room = self._empty(like, end - self._keys.shape[2])
        grown = (mx.concatenate([old, room], axis=2) for old in (self._keys, self._values))
        return next(grown), next(grown)

    @staticmethod
    def _empty(like: mx.array, positions: int) -> mx.array:
        steps = -(-positions // _CACHE_STEP) * _CACHE_STEP
        return mx.zeros((1, like.shape[1], steps, like.shape[3]), like.dtype)


class Cache:
    """What the model remembers of one answer."""

    def __init__(self, layers: int) -> None:
        self.layers = [KeyValues() for _ in range(layers)]

    @property
    def length(self) -> int:
        """Positions remembered."""
        return self.layers[0].length


class _Layer:
    def __init__(self, config: LlmConfig, weights: Weights, precision: Precision) -> None:
        self._config = config
        self._norms = [weights[f"{n}_layernorm.weight"] for n in ("input", "post_attention")]
        self._matrices = {
            name: quantise(read_matrix(weights, name, precision, config.quantization), precision)
            for name in (
                *(f"self_attn.{part}_proj" for part in "qkvo"),
                *(f"mlp.{part}_proj" for part in ("gate", "up", "down")),
            )
        }
        self._biases = {part: weights[f"self_attn.{part}_proj.bias"] for part in "qkv"}
        # Layer by layer, so that the file's precision is never in memory as a whole.
        mx.eval([array for matrix in self.matrices for array in matrix.arrays])

    @property
    def matrices(self) -> list[Matrix]:
        """All seven of them."""
        return list(self._matrices.values())

    def __call__(self, x: mx.array, memory: KeyValues) -> mx.array:
        epsilon = self._config.rms_norm_eps
        x = x + self._attend(mx.fast.rms_norm(x, self._norms[0], epsilon), memory)
        y = mx.fast.rms_norm(x, self._norms[1], epsilon)
        gate = self._matrices["mlp.gate_proj"](y)
        wide = gate * mx.sigmoid(gate) * self._matrices["mlp.up_proj"](y)
        return x + self._matrices["mlp.down_proj"](wide)

    def _attend(self, x: mx.array, memory: KeyValues) -> mx.array:
        config, positions = self._config, x.shape[1]
        at = memory.length
        queries = self._rotate(self._heads("q", x, config.num_attention_heads), at)
        keys = self._rotate(self._heads("k", x, config.num_key_value_heads), at)
        values = self._heads("v", x, config.num_key_value_heads)
        keys, values = memory.append(keys, values)
        attended = mx.fast.scaled_dot_product_attention(
            queries,
            keys,
            values,
            scale=config.head_dim**-0.5,
            mask="causal" if positions > 1 else None,
        )
        joined = attended.transpose(0, 2, 1, 3).reshape(1, positions, -1)
        return self._matrices["self_attn.o_proj"](joined)

    def _heads(self, part: str, x: mx.array, heads: int) -> mx.array:
        projected = self._matrices[f"self_attn.{part}_proj"](x) + self._biases[part]
        return projected.reshape(1, x.shape[1], heads, -1).transpose(0, 2, 1, 3)

    def _rotate(self, x: mx.array, position: int) -> mx.array:
        return mx.fast.rope(
            x,
            self._config.head_dim,
            traditional=False,
            base=self._config.rope_theta,
            scale=1.0,
            offset=position,
        )


class Head:
    """Logits of the tokens `ids` only: a cut matrix costs as much less as it has fewer rows."""

    def __init__(self, matrix: Matrix, ids: mx.array) -> None:
        self.ids = ids
        """Token of each logit, shape (rows,)."""

        self._matrix = matrix

    def __call__(self, hidden: mx.array) -> mx.array:
        """(..., hidden_size) to (..., rows), in fp32."""
        return self._matrix(hidden).astype(mx.float32)


class Qwen2:
    """Tokens to hidden states."""

    def __init__(self, config: LlmConfig, weights: Weights, precision: Precision = "q8") -> None:
        self.config = config
        self.precision = precision
        dtype = dtype_of(precision)
        floats = Weights(
            {n: a if a.dtype == mx.uint32 else a.astype(dtype) for n, a in weights.items()}
        )
        self._embedding = read_matrix(floats, "model.embed_tokens", precision, config.quantization)
        self._layers = [
            _Layer(config, floats.under(f"model.layers.{index}"), precision)
            for index in range(config.num_hidden_layers)
        ]
        self._norm = floats["model.norm.weight"]
        tied = config.tie_word_embeddings
        self._output = (
            self._embedding
            if tied
            else read_matrix(floats, "lm_head", precision, config.quantization)
        )
        mx.eval(self._embedding.arrays, self._output.arrays)

    def cache(self) -> Cache:
        """The memory of a new answer."""
        return Cache(self.config.num_hidden_layers)

    def head(self, ids: Sequence[int] | None = None) -> Head:
        """A head of these tokens, in the model's precision; None: of every token."""
        rows = mx.arange(self.config.vocab_size) if ids is None else mx.array(list(ids))
        matrix = self._output if ids is None else self._output.cut(rows)
        matrix = quantise(matrix, self.precision)
        mx.eval(matrix.arrays)
        return Head(matrix, rows)

    def hidden(self, tokens: mx.array, cache: Cache) -> mx.array:
        """Hidden states (positions, hidden_size) of further `tokens` (positions,).

        Raises EngineError past 8,192 positions.
        """
        if cache.length + tokens.shape[0] > MAX_POSITIONS:
            raise EngineError(f"the text and its speech exceed {MAX_POSITIONS} tokens")
        x = self._embedding.rows(tokens)[None]
        for layer, memory in zip(self._layers, cache.layers, strict=True):
            x = layer(x, memory)
        return mx.fast.rms_norm(x, self._norm, self.config.rms_norm_eps)[0]


def load_llm(checkpoint: Checkpoint, precision: Precision = "q8") -> Qwen2:
    """The language model of a checkpoint; raises EngineError where its tensors do not fit."""
    return Qwen2(checkpoint.llm, checkpoint.llm_weights(), precision)
