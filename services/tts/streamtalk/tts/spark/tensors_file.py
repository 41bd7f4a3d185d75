"""Reads the header of a safetensors file, so that a damaged file is named before it is used.

The format: 8 bytes little-endian length, JSON of name to dtype, shape and offsets, then the data.
"""

from pathlib import Path
from typing import Final

import msgspec

from streamtalk.proto.errors import EngineError

_HEADER_LIMIT_BYTES: Final = 100_000_000
_LENGTH_BYTES: Final = 8


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
    ends = [info.data_offsets[1] for info in tensors.values()]
    expected_bytes = _LENGTH_BYTES + length_bytes + max(ends, default=0)
    if size_bytes < expected_bytes:
        raise _damaged(path, f"it has {size_bytes} bytes and should have {expected_bytes}")
    return tensors


def _damaged(path: Path, problem: str) -> EngineError:
    return EngineError(f"{path} is damaged: {problem}; remove it and download it again")
