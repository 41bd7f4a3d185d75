"""The file of a recording: readable to its last whole row, whatever ended the writer.

`STREC001`, then rows: length and CRC-32 of a MessagePack body, 32 bits each, little endian, then
the body. The first body is the header, a map; each other one is [time, topic, header, payload]; a
row of the topic `end` says why the recording ended.
"""

import os
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from streamtalk.proto.errors import InputError

MAGIC: Final = b"STREC001"
END: Final = b"end"
STOPPED: Final = "stopped"
"""The reason of a recording that the person ended; everything under way was still heard."""

MAX_FILE_MB: Final = 512
_FRAME: Final = struct.Struct("<II")
_ROOM_BYTES: Final = 1_024
"""Kept free below the limit, for the row that ends the recording."""

_MAX_ROW_BYTES: Final = 4 << 20
_ENCODER: Final = msgspec.msgpack.Encoder()


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a recording was made of; unknown fields are ignored, so that it may grow."""

    version: str
    """Of Stream-Talk."""

    session: str = ""
    """Empty: every session."""

    started: str = ""
    """Local time, ISO 8601."""

    started_ns: int = 0
    """Monotonic clock of the host, as in the rows."""

    engines: dict[str, list[str]] = {}
    """Engines of each service, as the directory listed them at the start."""

    configuration: dict[str, Any] = {}
    """Tables of `vad`, `turn`, `asr` and `tts`, without what looks like a secret."""


class Row(NamedTuple):
    """One message as the recorder received it."""

    at_ns: int
    topic: bytes
    header: bytes
    payload: bytes


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """Header of the last row."""

    reason: str


@dataclass
class Recording:
    """A file that was read."""

    path: Path
    header: Header
    rows: list[Row] = field(default_factory=list)
    ended: str = ""
    """Why the recorder ended; empty: it was killed."""

    lost_bytes: int = 0
    """Behind the last whole row."""

    @property
    def duration_s(self) -> float:
        """From the first row to the last."""
        return (self.rows[-1].at_ns - self.header.started_ns) / 1e9 if self.rows else 0.0


_HEADER: Final = msgspec.msgpack.Decoder(Header)
_ROW: Final = msgspec.msgpack.Decoder(tuple[int, bytes, bytes, bytes])
_ENDED: Final = msgspec.msgpack.Decoder(Ended)


class FileFullError(Exception):
    """The row would not fit within the limit, or on the disk; the file ends before it."""


class FileWriter:
    """Appends rows; each is in the system's hands when `write` returns."""

    def __init__(self, path: Path, header: Header, limit_bytes: int) -> None:
        self.path = path
        self.size_bytes = 0
        self._limit_bytes = limit_bytes
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError as error:
            raise InputError(f"{path} is there already; name another file with --file") from error
        except OSError as error:
            raise InputError(f"cannot record into {path}: {error.strerror}") from error
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        self._append(MAGIC + _framed(_ENCODER.encode(header)))

    def write(self, row: Row) -> None:
        """Append a row; raises FileFullError, and the file stays whole."""
        frame = _framed(_ENCODER.encode(row))
        if self.size_bytes + len(frame) > self._limit_bytes - _ROOM_BYTES:
            raise FileFullError("limit")
        self._append(frame)

    def end(self, at_ns: int, reason: str) -> None:
        """Say why it ends, where the disk still takes that, and close."""
        row = Row(at_ns, END, _ENCODER.encode(Ended(reason=reason)), b"")
        try:
            self._append(_framed(_ENCODER.encode(row)))
        except FileFullError:
            return
        finally:
            self._file.close()

    def _append(self, data: bytes) -> None:
        try:
            written = self._file.write(data)
        except OSError as error:
            self._file.truncate(self.size_bytes)
            raise FileFullError(f"disk: {error.strerror}") from error
        if written != len(data):
            self._file.truncate(self.size_bytes)
            self._file.seek(self.size_bytes)
            raise FileFullError("disk: no space left")
        self.size_bytes += len(data)


def read_recording(path: Path) -> Recording:
    """All whole rows of a file; raises InputError where it is no recording of this version."""
    data = memoryview(_read(path))
    bodies, at = _bodies(data[len(MAGIC) :])
    if not bodies:
        raise InputError(f"{path} holds no recording: it ends within its header")
    try:
        found = Recording(path, _HEADER.decode(bodies[0]))
        rows = [Row(*_ROW.decode(body)) for body in bodies[1:]]
        if rows and rows[-1].topic == END:
            found.ended = _ENDED.decode(rows.pop().header).reason
    except msgspec.DecodeError as error:
        raise InputError(f"{path} was written by something else: {error}") from error
    found.rows = rows
    found.lost_bytes = len(data) - len(MAGIC) - at
    return found


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_MB << 20:
            raise InputError(f"{path} is larger than {MAX_FILE_MB} MiB, the most that is replayed")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    if data[: len(MAGIC) - 3] != MAGIC[:-3]:
        raise InputError(f"{path} is no recording: `streamtalk record list` shows those there are")
    if data[: len(MAGIC)] != MAGIC:
        version = data[len(MAGIC) - 3 : len(MAGIC)].decode("ascii", "replace")
        raise InputError(
            f"{path} is a recording of version {version}; this one reads {MAGIC[-3:].decode()}"
        )
    return data


def _bodies(data: memoryview) -> tuple[list[memoryview], int]:
    """The bodies of all whole rows, and where they end."""
    found, at = [], 0
    while at + _FRAME.size <= len(data):
        length, checksum = _FRAME.unpack_from(data, at)
        body = data[at + _FRAME.size : at + _FRAME.size + length]
        if length > _MAX_ROW_BYTES or len(body) < length or zlib.crc32(body) != checksum:
            break
        found.append(body)
        at += _FRAME.size + length
    return found, at


def _framed(body: bytes) -> bytes:
    return _FRAME.pack(len(body), zlib.crc32(body)) + body
