"""A finished piece as bytes: a checksummed MessagePack header, then the samples.

    STPIECE3 | 16 bytes of SHA-256 | header length, u32 | header | opening | rest

Samples are s16le at 24 kHz. The checksum is that of the header and the opening, the first 60 ms;
the header holds that of the rest. So the first sound of a piece of a minute is there as soon as
that of a word. The header holds offsets of words but no text.
"""

import hashlib
import struct
from dataclasses import dataclass
from typing import Annotated, BinaryIO, Final, Self

import msgspec
import numpy as np

from streamtalk.proto.audio import BYTES_PER_SAMPLE, SPEECH_FRAME_SAMPLES
from streamtalk.proto.message import Name, Position
from streamtalk.proto.synthesis import Mark
from streamtalk.tts.cache.key import FORMAT
from streamtalk.tts.engine import Made, Samples

MAGIC: Final = b"STPIECE3"
OPENING_SAMPLES: Final = 3 * SPEECH_FRAME_SAMPLES
"""The least that gives a frame behind the shaper: the first sound does not wait for more."""

_DIGEST_BYTES: Final = 16
_LENGTH: Final = struct.Struct("<I")
_FIXED_BYTES: Final = len(MAGIC) + _DIGEST_BYTES + _LENGTH.size
_OPENING_BYTES: Final = OPENING_SAMPLES * BYTES_PER_SAMPLE
_HEADER_BYTES: Final = 1 << 20
"""What no header exceeds: a mark takes 19 bytes at most, and a piece has one for each character."""

_FULL_SCALE: Final = 32_767.0


class _Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    key: str
    rest: bytes
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
    pcm = np.rint(piece.audio * np.float32(_FULL_SCALE / scale)).astype("<i2").tobytes()
    opening, rest = pcm[:_OPENING_BYTES], pcm[_OPENING_BYTES:]
    header = _ENCODER.encode(
        _Header(
            format=FORMAT,
            key=key,
            rest=_digest(rest),
            samples=piece.audio.size,
            scale=scale,
            marks=[(mark.sample, mark.char) for mark in made.marks],
            estimated=made.estimated,
            language=made.language,
            voice=made.voice[:64],
        )
    )
    head = b"".join((_LENGTH.pack(len(header)), header, opening))
    return b"".join((MAGIC, _digest(head), head, rest))


class Entry:
    """An entry that is being read, from its opening to its end; closed by `with`."""

    def __init__(self, key: str, file: BinaryIO, size_bytes: int) -> None:
        """Read as far as the opening; raises CorruptEntryError unless that was written under `key`.

        Args:
            key: The name that the entry must bear.
            file: At its beginning; closed with the entry, and by whoever called where this raises.
            size_bytes: Of the whole file.
        """
        fixed = file.read(_FIXED_BYTES)
        if len(fixed) < _FIXED_BYTES or fixed[: len(MAGIC)] != MAGIC:
            raise CorruptEntryError("no entry of this cache")
        (length,) = _LENGTH.unpack_from(fixed, _FIXED_BYTES - _LENGTH.size)
        if length > _HEADER_BYTES:
            raise CorruptEntryError("the header is too long")
        head = file.read(length + _OPENING_BYTES)
        if _digest(fixed[-_LENGTH.size :] + head) != fixed[len(MAGIC) : -_LENGTH.size]:
            raise CorruptEntryError("the checksum does not fit")
        try:
            self._header = _DECODER.decode(memoryview(head)[:length])
        except msgspec.MsgspecError as error:
            raise CorruptEntryError("the header cannot be read") from error
        if (self._header.key, self._header.format) != (key, FORMAT):
            raise CorruptEntryError("the entry belongs to another key")
        if size_bytes != _FIXED_BYTES + length + self._header.samples * BYTES_PER_SAMPLE:
            raise CorruptEntryError("the samples are not all there")
        self._file = file
        self.opening = self._audio(head[length:])
        """The first samples of the piece, at most `OPENING_SAMPLES`."""

    @property
    def made(self) -> Made:
        """What is known of the piece."""
        header = self._header
        marks = [Mark(sample=sample, char=char) for sample, char in header.marks]
        return Made(marks, header.estimated, header.language, header.voice)

    def rest(self) -> Samples:
        """All behind the opening, once; raises CorruptEntryError, and OSError of the disk."""
        pcm = self._file.read()
        if _digest(pcm) != self._header.rest:
            raise CorruptEntryError("the checksum of the rest does not fit")
        return self._audio(pcm)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _audio(self, pcm: bytes) -> Samples:
        samples: Samples = np.frombuffer(pcm, "<i2") * np.float32(self._header.scale / _FULL_SCALE)
        return samples


def _digest(body: bytes) -> bytes:
    # Processors compute it: half the time of BLAKE2b, and somebody waits for the first sound.
    return hashlib.sha256(body).digest()[:_DIGEST_BYTES]
