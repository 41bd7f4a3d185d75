"""The tensors of a checkpoint by name, each of the shape that its configuration asks for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import mlx.core as mx

from streamtalk.proto.errors import EngineError
from streamtalk.tts.spark.shapes import Shapes
from streamtalk.tts.spark.tensors_file import read_header

_PACKED_BITS: Final = 32
_FLOATS: Final = frozenset({"F32", "F16", "BF16"})
_PERMUTATIONS: Final = ((0, 2, 1), (2, 0, 1))
"""How axes of a tensor of MLX, a convolution or a transposed one, go back to those of PyTorch."""


class Weights(Mapping[str, mx.array]):
    """Tensors in the axes of PyTorch, and the forms of them that MLX computes with."""

    def __init__(self, arrays: Mapping[str, mx.array]) -> None:
        self._arrays = dict(arrays)

    def __getitem__(self, name: str) -> mx.array:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def under(self, prefix: str) -> "Weights":
        """The tensors whose names begin with `prefix` and a dot, named without it."""
        start = f"{prefix}."
        return Weights({n.removeprefix(start): self[n] for n in self if n.startswith(start)})

    def cast(self, dtype: mx.Dtype) -> "Weights":
        """The same tensors in another precision."""
        return Weights({name: array.astype(dtype) for name, array in self.items()})

    def convolution(self, name: str) -> tuple[mx.array, mx.array]:
        """Kernel (out, kernel, in) and bias (out,)."""
        return self[f"{name}.weight"].transpose(0, 2, 1), self[f"{name}.bias"]

    def folded(self, name: str) -> mx.array:
        """Kernel in the axes of PyTorch, g * v / |v|: weight normalisation over the first axis."""
        direction = self[f"{name}.weight_v"].astype(mx.float32)
        norm = mx.sqrt(mx.sum(direction * direction, axis=(1, 2), keepdims=True))
        folded: mx.array = self[f"{name}.weight_g"].astype(mx.float32) * direction / norm
        return folded


def read_weights(
    files: Sequence[Path], expected: Shapes, quantization: Mapping[str, int | str] | None = None
) -> Weights:
    """Read the `expected` tensors of `files` once their headers have been checked.

    Raises:
        EngineError: a file is damaged, or a tensor is missing or of a wrong shape; says which.
    """
    found: dict[str, _Place] = {}
    for path in files:
        for name, info in read_header(path).items():
            found[_plain(name)] = _Place(path, name, tuple(info.shape), info.dtype)
    plan = _quantised(expected, found, quantization)
    fixes = {name: _fix(name, shape, found, files[0]) for name, shape in plan.items()}
    loaded = {path: _load(path) for path in files}
    arrays = {n: fix(loaded[found[n].path][found[n].name]) for n, fix in fixes.items()}
    return Weights(arrays)


def _load(path: Path) -> dict[str, mx.array]:
    try:
        arrays = mx.load(str(path))
    except RuntimeError as error:
        raise EngineError(f"{path} cannot be read: {error}; download it again") from error
    if not isinstance(arrays, dict):
        raise EngineError(f"{path} holds no named tensors; download it again")
    return arrays


class _Place:
    """Where a tensor lies."""

    def __init__(self, path: Path, name: str, shape: tuple[int, ...], dtype: str) -> None:
        self.path = path
        self.name = name
        self.shape = shape
        self.dtype = dtype


def _plain(name: str) -> str:
    """A name as PyTorch has it: MLX's sequences add a level to those of the wave generator."""
    return name.replace(".block.layers.", ".block.")


def _quantised(
    expected: Shapes, found: Mapping[str, _Place], quantization: Mapping[str, int | str] | None
) -> dict[str, tuple[tuple[int, ...], bool]]:
    """Shape of each tensor to read, and whether it holds packed integers."""
    plan = {name: (shape, False) for name, shape in expected.items()}
    if quantization is None:
        return plan
    bits, group = int(quantization.get("bits", 4)), int(quantization.get("group_size", 64))
    for name, shape in expected.items():
        stem = name.removesuffix(".weight")
        if f"{stem}.scales" in found:
            rows, columns = shape
            plan[name] = ((rows, columns * bits // _PACKED_BITS), True)
            plan[f"{stem}.scales"] = plan[f"{stem}.biases"] = ((rows, columns // group), False)
    return plan


def _fix(
    name: str, wanted: tuple[tuple[int, ...], bool], found: Mapping[str, _Place], first: Path
) -> Callable[[mx.array], mx.array]:
    shape, packed = wanted
    if name not in found:
        raise EngineError(f"{first} lacks tensor {name} of shape {shape}; download it again")
    place = found[name]
    if not packed and place.dtype not in _FLOATS:
        raise EngineError(f"{place.path}: tensor {name} has type {place.dtype}, not a float")
    if place.shape == shape:
        return lambda array: array
    axes = _permutation(place.shape, shape)
    if axes is not None:
        return lambda array: array.transpose(*axes)
    raise EngineError(
        f"{place.path}: tensor {name} has shape {place.shape}; its configuration asks for {shape}"
    )


def _permutation(shape: tuple[int, ...], wanted: tuple[int, ...]) -> tuple[int, ...] | None:
    for axes in _PERMUTATIONS:
        if len(shape) == len(axes) and tuple(shape[axis] for axis in axes) == wanted:
            return axes
    return None
