"""The microphone ring: the last 60 s of a stream as a memory-mapped file.

The edge writes, any number of processes read, and the file outlives kill -9 of each of them.
One writer; readers never block it: they copy, then check that the writer has not lapped them.
"""

import contextlib
import mmap
import os
import time
from pathlib import Path
from typing import BinaryIO, Final

from streamtalk.proto.audio import BYTES_PER_SAMPLE, MIC_RATE_HZ
from streamtalk.proto.errors import AudioRangeError, InputError
from streamtalk.proto.limits import MAX_RANGE_S

_MAGIC: Final = b"STRING01"
_WRITTEN_WORD: Final = 1
_STREAM_OFFSET: Final = 16
_STREAM_BYTES: Final = 64
_WRITTEN_NS_WORD: Final = 10
_UNCAPTURED_WORD: Final = 11
_DATA_OFFSET: Final = 4096
CAPACITY_SAMPLES: Final = MAX_RANGE_S * MIC_RATE_HZ
_CAPACITY_BYTES: Final = CAPACITY_SAMPLES * BYTES_PER_SAMPLE
_SLACK_SAMPLES: Final = MIC_RATE_HZ // 10
"""Samples next to the writer's position that readers treat as gone already."""


class RingWriter:
    """The edge's end of the ring. Replaces whatever file was there; `close` removes its own."""

    def __init__(self, path: Path, stream: str) -> None:
        self.path = path
        self.stream = stream
        self.written = 0
        fresh = path.with_name(f"{path.name}.new")
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_CREAT | os.O_RDWR | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            _reserve(file, fresh)
            self._map = mmap.mmap(file.fileno(), 0)
            self._file = os.fstat(file.fileno()).st_ino
        self._map[: len(_MAGIC)] = _MAGIC
        name = stream.encode()
        self._map[_STREAM_OFFSET : _STREAM_OFFSET + len(name)] = name
        # A whole aligned word is stored at once; `struct` writes byte by byte.
        self._words = memoryview(self._map).cast("Q")
        fresh.replace(path)

    def write(self, pcm: bytes | memoryview) -> int:
        """Append s16le samples; returns the position of the first of them."""
        first = self.written
        at = first * BYTES_PER_SAMPLE % _CAPACITY_BYTES
        head = min(len(pcm), _CAPACITY_BYTES - at)
        self._map[_DATA_OFFSET + at : _DATA_OFFSET + at + head] = pcm[:head]
        if head < len(pcm):
            self._map[_DATA_OFFSET : _DATA_OFFSET + len(pcm) - head] = pcm[head:]
        self.written = first + len(pcm) // BYTES_PER_SAMPLE
        self._words[_WRITTEN_WORD] = self.written
        self._words[_WRITTEN_NS_WORD] = time.monotonic_ns()
        return first

    def note_uncaptured(self, uncaptured_ms: float) -> None:
        """Keep the session's count of what no microphone heard, for a successor of this process."""
        self._words[_UNCAPTURED_WORD] = int(uncaptured_ms)

    def close(self) -> None:
        """Remove the file; readers that still map it keep their copy."""
        if not self._map.closed:
            self._words.release()
            self._map.close()
            with contextlib.suppress(FileNotFoundError):
                if self.path.stat().st_ino == self._file:
                    self.path.unlink()


def _reserve(file: BinaryIO, path: Path) -> None:
    """Take the whole room now: a hole that meets a full disk later ends the process (SIGBUS)."""
    size_bytes = _DATA_OFFSET + _CAPACITY_BYTES
    try:
        file.write(bytes(size_bytes))
        file.flush()
    except OSError as error:
        path.unlink(missing_ok=True)
        message = (
            f"no room for a microphone ring in {path.parent}: {error.strerror}; "
            f"it takes {size_bytes >> 10} KiB, free some"
        )
        raise InputError(message) from error


class RingReader:
    """A consumer's end of the ring. Raises AudioRangeError when the file is no ring."""

    def __init__(self, path: Path) -> None:
        try:
            # Without O_NONBLOCK, a named pipe would be waited for.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            try:
                self._map = mmap.mmap(descriptor, 0, prot=mmap.PROT_READ)
            finally:
                os.close(descriptor)
        except (OSError, ValueError) as error:
            message = f"no microphone ring at {path}: {error}"
            raise AudioRangeError(message) from error
        if self._map[: len(_MAGIC)] != _MAGIC or len(self._map) != _DATA_OFFSET + _CAPACITY_BYTES:
            self._map.close()
            message = f"{path} is not a microphone ring of this version"
            raise AudioRangeError(message)
        self._words = memoryview(self._map).cast("Q")
        name = self._map[_STREAM_OFFSET : _STREAM_OFFSET + _STREAM_BYTES]
        self.stream = name.rstrip(b"\0").decode("ascii", "replace")

    @property
    def written(self) -> int:
        """Samples written so far."""
        return self._words[_WRITTEN_WORD]

    @property
    def written_ns(self) -> int:
        """When the last samples were written, by the host's monotonic clock; 0: never."""
        return self._words[_WRITTEN_NS_WORD]

    @property
    def uncaptured_ms(self) -> float:
        """What the writer last noted with `note_uncaptured`."""
        return float(self._words[_UNCAPTURED_WORD])

    @property
    def oldest(self) -> int:
        """First position that can still be read safely."""
        return max(0, self.written - CAPACITY_SAMPLES + _SLACK_SAMPLES)

    def read(self, from_sample: int, to_sample: int) -> bytes:
        """The s16le samples of [from_sample, to_sample).

        Raises AudioRangeError for what is not yet written, already overwritten, or no range.
        """
        if not 0 <= from_sample <= to_sample <= self.written:
            message = (
                f"[{from_sample}, {to_sample}) is not within the {self.written} samples written"
            )
            raise AudioRangeError(message)
        size = (to_sample - from_sample) * BYTES_PER_SAMPLE
        if size > _CAPACITY_BYTES:
            message = f"a range of {to_sample - from_sample} samples is longer than the ring"
            raise AudioRangeError(message)
        at = from_sample * BYTES_PER_SAMPLE % _CAPACITY_BYTES
        head = min(size, _CAPACITY_BYTES - at)
        pcm = self._map[_DATA_OFFSET + at : _DATA_OFFSET + at + head]
        if head < size:
            pcm += self._map[_DATA_OFFSET : _DATA_OFFSET + size - head]
        if from_sample < self.oldest:
            message = f"sample {from_sample} is older than the {MAX_RANGE_S} s that the ring holds"
            raise AudioRangeError(message)
        return pcm

    def close(self) -> None:
        """Unmap the file."""
        self._words.release()
        self._map.close()


class RingCache:
    """Readers kept open between calls; the least recently used one is closed."""

    def __init__(self, limit: int = 256) -> None:
        self._limit = limit
        self._readers: dict[tuple[str, str], RingReader] = {}

    def open(self, path: str, stream: str) -> RingReader:
        """The reader of `stream`; raises AudioRangeError when the ring holds another stream now."""
        reader = self._readers.pop((path, stream), None)
        if reader is None:
            reader = RingReader(Path(path))
            if reader.stream != stream:
                reader.close()
                message = f"the ring at {path} holds stream {reader.stream!r}, not {stream!r}"
                raise AudioRangeError(message)
        self._readers[path, stream] = reader
        while len(self._readers) > self._limit:
            self._readers.pop(next(iter(self._readers))).close()
        return reader

    def read(
        self, path: str, stream: str, from_sample: int, to_sample: int, wait_ms: float = 50.0
    ) -> bytes:
        """Read a range, waiting up to `wait_ms` for its end to be written."""
        reader = self.open(path, stream)
        deadline_ns = time.monotonic_ns() + int(wait_ms * 1e6)
        while reader.written < to_sample and time.monotonic_ns() < deadline_ns:
            time.sleep(0.002)
        return reader.read(from_sample, to_sample)

    def close(self) -> None:
        """Close every reader."""
        while self._readers:
            self._readers.popitem()[1].close()
