"""A finished piece as bytes: a checksummed MessagePack header, then the samples.

    STPIECE2 | 16 bytes of SHA-256 of all that follows | header length, u32 | header | s16le, 24 kHz

The header holds offsets of words but no text.
"""

import hashlib
import struct
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec
import numpy as np

from streamtalk.proto.audio import BYTES_PER_SAMPLE
from streamtalk.proto.message import Name, Position
from streamtalk.proto.synthesis import Mark
from streamtalk.tts.cache.key import FORMAT
from streamtalk.tts.engine import Made, Samples

MAGIC: Final = b"STPIECE2"
_DIGEST_BYTES: Final = 16
_LENGTH: Final = struct.Struct("<I")
_FIXED_BYTES: Final = len(MAGIC) + _DIGEST_BYTES + _LENGTH.size
_FULL_SCALE: Final = 32_767.0


class _Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    key: str
    samples: Position
    scale: Annotated[float, msgspec.Meta(gt=0.0)]
    marks: list[tuple[Position, Position]]
    estimated: bool
    language: Name
    voice: Name


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(_Header)


class CorruptEntryError(ValueError):
    """An entry that is not what was written under its name; it never leaves the cache."""


@dataclass(frozen=True)
class Piece:
    """A piece that was made before."""

    audio: Samples
    """As the engine made it: before level, volume and limiter."""

    made: Made


def encode_piece(key: str, piece: Piece) -> bytes:
    """The bytes of an entry; samples beyond full scale are kept by a common factor."""
    scale = max(1.0, float(np.abs(piece.audio).max(initial=0.0)))
    made = piece.made
    header = _ENCODER.encode(
        _Header(
            format=FORMAT,
            key=key,
            samples=piece.audio.size,
            scale=scale,
            marks=[(mark.sample, mark.char) for mark in made.marks],
            estimated=made.estimated,
            language=made.language,
            voice=made.voice[:64],
        )
    )
    pcm = np.rint(piece.audio * np.float32(_FULL_SCALE / scale)).astype("<i2").tobytes()
    body = b"".join((_LENGTH.pack(len(header)), header, pcm))
    return b"".join((MAGIC, _digest(body), body))


def decode_piece(key: str, raw: bytes) -> Piece:
    """Read an entry; raises CorruptEntryError unless it is whole and was written under `key`."""
    if len(raw) < _FIXED_BYTES or raw[: len(MAGIC)] != MAGIC:
        raise CorruptEntryError("no entry of this cache")
    body = memoryview(raw)[len(MAGIC) + _DIGEST_BYTES :]
    if _digest(body) != raw[len(MAGIC) : len(MAGIC) + _DIGEST_BYTES]:
        raise CorruptEntryError("the checksum does not fit")
    (length,) = _LENGTH.unpack_from(body)
    pcm = body[_LENGTH.size + length :]
    try:
        header = _DECODER.decode(body[_LENGTH.size : _LENGTH.size + length])
    except msgspec.MsgspecError as error:
        raise CorruptEntryError("the header cannot be read") from error
    if (header.key, header.format) != (key, FORMAT):
        raise CorruptEntryError("the entry belongs to another key")
    if len(pcm) != header.samples * BYTES_PER_SAMPLE:
        raise CorruptEntryError("the samples are not all there")
    return _piece(header, pcm)


def _piece(header: _Header, pcm: memoryview) -> Piece:
    audio: Samples = np.frombuffer(pcm, "<i2") * np.float32(header.scale / _FULL_SCALE)
    marks = [Mark(sample=sample, char=char) for sample, char in header.marks]
    return Piece(audio, Made(marks, header.estimated, header.language, header.voice))


def _digest(body: bytes | memoryview) -> bytes:
    # Processors compute it: half the time of BLAKE2b, and somebody waits for the first sound.
    return hashlib.sha256(body).digest()[:_DIGEST_BYTES]
