"""Reads the header of a safetensors file, so that a damaged file is named before it is used.

The format: 8 bytes little-endian length, JSON of name to dtype, shape and offsets, then the data.
"""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from streamtalk.proto.errors import EngineError

_HEADER_LIMIT_BYTES: Final = 100_000_000
_LENGTH_BYTES: Final = 8
_WIDTHS_BYTES: Final = {"F64": 8, "I64": 8, "F32": 4, "U32": 4, "I32": 4, "BF16": 2, "F16": 2}


class TensorInfo(msgspec.Struct, frozen=True):
    """One tensor of the file."""

    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]
    """First byte, and the first after the last, counted from the end of the header."""


def read_header(path: Path) -> dict[str, TensorInfo]:
    """Every tensor of the file by name.

    Raises:
        EngineError: the file is cut short or is no safetensors file.
    """
    size_bytes = path.stat().st_size
    with path.open("rb") as file:
        length_bytes = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        if not 0 < length_bytes <= min(_HEADER_LIMIT_BYTES, size_bytes - _LENGTH_BYTES):
            raise _damaged(path, "its header is cut short or not of safetensors")
        header = file.read(length_bytes)
    try:
        raw = msgspec.json.decode(header, type=dict[str, msgspec.Raw])
        raw.pop("__metadata__", None)
        tensors = {n: msgspec.json.decode(info, type=TensorInfo) for n, info in raw.items()}
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _damaged(path, f"its header does not parse: {error}") from error
    expected_bytes = _LENGTH_BYTES + length_bytes + _data_bytes(path, tensors.values())
    if size_bytes < expected_bytes:
        raise _damaged(path, f"it has {size_bytes} bytes and should have {expected_bytes}")
    return tensors


def _data_bytes(path: Path, tensors: Iterable[TensorInfo]) -> int:
    """Bytes up to the end of the last tensor, each of which must span just its values."""
    last = 0
    for info in tensors:
        begin, end = info.data_offsets
        width_bytes = _WIDTHS_BYTES.get(info.dtype)
        values = math.prod(info.shape)
        if begin < 0 or min(info.shape, default=1) < 0:
            raise _damaged(path, "a tensor has a negative size")
        if width_bytes is not None and end - begin != values * width_bytes:
            raise _damaged(path, f"{values} values of {info.dtype} do not fill {end - begin} bytes")
        last = max(last, end)
    return last


def _damaged(path: Path, problem: str) -> EngineError:
    return EngineError(f"{path} is damaged: {problem}; remove it and download it again")
