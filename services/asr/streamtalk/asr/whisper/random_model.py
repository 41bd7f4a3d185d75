"""A Whisper of any shape with random weights, in CTranslate2's format.

It computes as much as a trained one and says nothing of sense: for measuring a machine, and for
tests. CTranslate2's own specification writes it.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import ctranslate2
import numpy as np
from numpy.typing import NDArray

TEXT_TOKENS: Final = 50_257
_LANGUAGES: Final = 99
_TASKS: Final = (
    "translate", "transcribe", "startoflm", "startofprev", "nocaptions", "notimestamps"
)  # fmt: skip
_TIMES: Final = 1_501
_POSITIONS: Final = 1_500
_TEXT_POSITIONS: Final = 448

Array = NDArray[np.float32]
Draw = Callable[..., Array]
LayerSpec = Any
"""CTranslate2 ships no types."""


@dataclass(frozen=True)
class Shape:
    """The size of a model, as the Whisper paper's table 1 has it (Radford et al. 2022)."""

    width: int
    heads: int
    encoder_layers: int
    decoder_layers: int
    mels: int = 80


SHAPES: Final = {
    "tiny": Shape(384, 6, 4, 4),
    "base": Shape(512, 8, 6, 6),
    "small": Shape(768, 12, 12, 12),
}


def placeholder_tokens() -> list[str]:
    """A vocabulary of the published size: words without meaning, special tokens at their ids."""
    words = [f"w{index}" for index in range(TEXT_TOKENS)]
    languages = ["en", *(f"x{index}" for index in range(1, _LANGUAGES))]
    named = ["endoftext", "startoftranscript", *languages, *_TASKS]
    times = [f"{index * 0.02:.2f}" for index in range(_TIMES)]
    return [*words, *(f"<|{name}|>" for name in (*named, *times))]


def specification(shape: Shape, tokens: list[str], seed: int = 0, spread: float = 0.3) -> Any:  # noqa: ANN401
    """A filled `WhisperSpec`, to be changed, validated and saved; `spread`: of the weights."""
    heads, layers = shape.heads, (shape.encoder_layers, shape.decoder_layers)
    spec = ctranslate2.specs.WhisperSpec(layers[0], heads, layers[1], heads)
    rng = np.random.default_rng(seed)

    def draw(*size: int) -> Array:
        return rng.standard_normal(size, np.float32) * np.float32(spread)

    _fill_encoder(spec.encoder, draw, shape)
    _fill_decoder(spec.decoder, draw, shape, len(tokens))
    spec.register_vocabulary(tokens)
    english = tokens.index("<|en|>")
    spec.config.lang_ids = list(range(english, english + _LANGUAGES))
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [tokens.index("<|endoftext|>")]
    spec.config.alignment_heads = [[1, 0], [1, 1]]
    return spec


def write_random(folder: Path, shape: Shape) -> Path:
    """Write a model that can be measured; returns the folder."""
    spec = specification(shape, placeholder_tokens(), spread=0.02)
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder))
    return folder


def _fill_encoder(spec: LayerSpec, draw: Draw, shape: Shape) -> None:
    width = shape.width
    for conv, inputs in ((spec.conv1, shape.mels), (spec.conv2, width)):
        conv.weight = draw(width, inputs, 3)
        conv.bias = draw(width)
    spec.position_encodings.encodings = draw(_POSITIONS, width)
    _fill_norm(spec.layer_norm, width)
    for layer in spec.layer:
        _fill_attention(layer.self_attention, draw, width)
        _fill_forward(layer.ffn, draw, width)


def _fill_decoder(spec: LayerSpec, draw: Draw, shape: Shape, tokens: int) -> None:
    width = shape.width
    spec.embeddings.weight = draw(tokens, width)
    spec.projection.weight = spec.embeddings.weight
    spec.position_encodings.encodings = draw(_TEXT_POSITIONS, width)
    _fill_norm(spec.layer_norm, width)
    for layer in spec.layer:
        _fill_attention(layer.self_attention, draw, width)
        _fill_attention(layer.attention, draw, width)
        _fill_forward(layer.ffn, draw, width)


def _fill_attention(spec: LayerSpec, draw: Draw, width: int) -> None:
    """Self-attention has one linear for query, key and value; cross-attention has two."""
    _fill_norm(spec.layer_norm, width)
    widths = (3, 1) if len(spec.linear) == 2 else (1, 2, 1)  # noqa: PLR2004 — as the docstring says
    for linear, factor in zip(spec.linear, widths, strict=True):
        linear.weight = draw(factor * width, width)
        linear.bias = draw(factor * width)


def _fill_forward(spec: LayerSpec, draw: Draw, width: int) -> None:
    _fill_norm(spec.layer_norm, width)
    for linear, (outputs, inputs) in (
        (spec.linear_0, (4 * width, width)),
        (spec.linear_1, (width, 4 * width)),
    ):
        linear.weight = draw(outputs, inputs)
        linear.bias = draw(outputs)


def _fill_norm(spec: LayerSpec, width: int) -> None:
    spec.gamma, spec.beta = _ones(width), np.zeros(width, np.float32)


@functools.cache
def _ones(width: int) -> Array:
    return np.ones(width, np.float32)
