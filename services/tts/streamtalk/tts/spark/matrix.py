"""Matrices of the language model, dense or quantised, and how a checkpoint's become either."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import mlx.core as mx

from streamtalk.proto.errors import EngineError

Precision = Literal["q8", "q4", "bf16", "fp32"]

_GROUP: Final = 64
"""Input columns that share a scale."""

_BITS: Final[dict[Precision, int]] = {"q8": 8, "q4": 4}


@dataclass(frozen=True)
class Dense:
    """A matrix (out, in) of floats."""

    weight: mx.array

    def __call__(self, x: mx.array) -> mx.array:
        """(..., in) to (..., out)."""
        return x @ self.weight.T

    def rows(self, ids: mx.array) -> mx.array:
        """The rows `ids`, as an embedding reads them."""
        return self.weight[ids]

    def cut(self, ids: mx.array) -> "Dense":
        """The matrix of these rows only."""
        return Dense(mx.contiguous(self.weight[ids]))

    @property
    def arrays(self) -> list[mx.array]:
        """What must be computed before the matrix is ready."""
        return [self.weight]


@dataclass(frozen=True)
class Quantised:
    """A matrix (out, in) of small integers, with a scale and a bias for each group of columns."""

    packed: mx.array
    scales: mx.array
    biases: mx.array
    group: int
    bits: int

    def __call__(self, x: mx.array) -> mx.array:
        """(..., in) to (..., out)."""
        return mx.quantized_matmul(
            x,
            self.packed,
            self.scales,
            self.biases,
            transpose=True,
            group_size=self.group,
            bits=self.bits,
        )

    def rows(self, ids: mx.array) -> mx.array:
        """The rows `ids`, as an embedding reads them."""
        parts = self.packed[ids], self.scales[ids], self.biases[ids]
        return mx.dequantize(*parts, group_size=self.group, bits=self.bits)

    def cut(self, ids: mx.array) -> "Quantised":
        """The matrix of these rows only; exact, for groups lie within rows."""
        packed, scales, biases = (mx.contiguous(array[ids]) for array in self.arrays)
        return Quantised(packed, scales, biases, self.group, self.bits)

    @property
    def arrays(self) -> list[mx.array]:
        """What must be computed before the matrix is ready."""
        return [self.packed, self.scales, self.biases]


Matrix = Dense | Quantised


def dtype_of(precision: Precision) -> mx.Dtype:
    """The floats between the matrices."""
    return mx.float32 if precision == "fp32" else mx.bfloat16


def quantise(matrix: Matrix, precision: Precision) -> Matrix:
    """`matrix` in `precision`; one that is quantised already stays as it is.

    Raises EngineError where the columns are no multiple of 64.
    """
    if isinstance(matrix, Quantised):
        return matrix
    weight = matrix.weight.astype(dtype_of(precision))
    if precision not in _BITS:
        return Dense(weight)
    if weight.shape[-1] % _GROUP:
        raise EngineError(f"{weight.shape[-1]} columns cannot be quantised in groups of {_GROUP}")
    bits = _BITS[precision]
    packed, scales, biases = mx.quantize(weight, group_size=_GROUP, bits=bits)
    return Quantised(packed, scales, biases, _GROUP, bits)


def read_matrix(
    weights: Mapping[str, mx.array],
    name: str,
    precision: Precision,
    stored: Mapping[str, int | str] | None,
) -> Matrix:
    """The matrix `name`; `stored` is the `quantization` table of the checkpoint, if it has one."""
    weight = weights[f"{name}.weight"]
    if stored is None or f"{name}.scales" not in weights:
        return Dense(weight.astype(dtype_of(precision)))
    dtype = dtype_of(precision)
    scales, biases = (weights[f"{name}.{part}"].astype(dtype) for part in ("scales", "biases"))
    bits, group = int(stored.get("bits", 4)), int(stored.get("group_size", 64))
    return Quantised(weight, scales, biases, group, bits)
