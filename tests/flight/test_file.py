"""The file of a recording can be read up to its last whole row, whatever happened to its writer."""

import itertools
import resource
import signal
import stat
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streamtalk.cli.flight.file import (
    MAGIC,
    MAX_FILE_MB,
    FileFullError,
    FileWriter,
    Header,
    Row,
    read_recording,
)
from streamtalk.proto.errors import InputError
from tests.flight.scenes import write_rows

pytestmark = pytest.mark.unit

ROWS = [Row(number, b"v1.audio.mic.s.", b"h" * number, b"p" * 40) for number in range(1, 6)]


def test_rows_come_back(tmp_path: Path) -> None:
    """Everything written is read, with the reason of the end."""
    found = read_recording(write_rows(tmp_path / "a.strec", ROWS))
    assert (found.rows, found.ended, found.lost_bytes) == (ROWS, "stopped", 0)
    assert found.header.version == "test"


def test_file_is_for_its_owner_only(tmp_path: Path) -> None:
    """A recording holds speech: mode 0600 whatever the umask."""
    path = write_rows(tmp_path / "a.strec", ROWS)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_file_cut_anywhere_is_read_to_its_last_whole_row(tmp_path: Path) -> None:
    """Every length of the file, down to its header, gives a beginning of the rows."""
    data = write_rows(tmp_path / "a.strec", ROWS).read_bytes()
    cut = tmp_path / "cut.strec"
    counts = []
    header_end = len(write_rows(tmp_path / "empty.strec", []).read_bytes()) - end_bytes(tmp_path)
    for length in range(header_end, len(data)):
        cut.write_bytes(data[:length])
        found = read_recording(cut)
        assert found.rows == ROWS[: len(found.rows)]
        assert found.ended == ""
        counts.append(len(found.rows))
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (0, len(ROWS))


def end_bytes(folder: Path) -> int:
    """Length of the row that ends a recording at time 0."""
    path = folder / "end.strec"
    writer = FileWriter(path, Header(version="test", started_ns=0), 1 << 20)
    before = writer.size_bytes
    writer.end(0, "stopped")
    return path.stat().st_size - before


def test_damaged_row_ends_the_reading(tmp_path: Path) -> None:
    """A flipped bit is never taken for what was recorded."""
    path = write_rows(tmp_path / "a.strec", ROWS)
    data = bytearray(path.read_bytes())
    at = data.index(b"hhh" + b"\xc4")
    data[at] ^= 1
    path.write_bytes(data)
    found = read_recording(path)
    assert found.rows == ROWS[:2]
    assert found.lost_bytes > 0


def fill(writer: FileWriter, payload: bytes, reason: str) -> None:
    """Write rows until the file is full, for that reason."""
    rows = (Row(number, b"t", b"", payload) for number in itertools.count())
    with pytest.raises(FileFullError, match=reason):
        deque(map(writer.write, rows), maxlen=0)


def test_limit_is_kept_and_the_end_still_fits(tmp_path: Path) -> None:
    """At the limit the file ends in order, and is no larger."""
    path = tmp_path / "a.strec"
    writer = FileWriter(path, Header(version="test"), 4_096)
    fill(writer, bytes(100), "limit")
    writer.end(0, "limit")
    found = read_recording(path)
    assert found.ended == "limit"
    assert len(found.rows) > 10
    assert [row.at_ns for row in found.rows] == list(range(len(found.rows)))
    assert path.stat().st_size <= 4_096


@contextmanager
def file_size_limit(limit_bytes: int) -> Iterator[None]:
    """The system takes no more bytes than that into a file, as a full disk would not."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_full_disk_leaves_a_whole_file(tmp_path: Path) -> None:
    """The row that no longer fits is taken back, and what was there is replayed."""
    path = tmp_path / "a.strec"
    with file_size_limit(2_000):
        writer = FileWriter(path, Header(version="test"), 1 << 20)
        fill(writer, bytes(300), "disk")
        writer.end(0, "disk")
    found = read_recording(path)
    assert found.lost_bytes == 0
    assert [row.at_ns for row in found.rows] == list(range(len(found.rows)))
    assert len(found.rows) > 1


def test_existing_file_is_not_written_over(tmp_path: Path) -> None:
    """An earlier recording is never lost to a later one."""
    path = write_rows(tmp_path / "a.strec", ROWS)
    with pytest.raises(InputError, match="there already"):
        FileWriter(path, Header(version="test"), 1 << 20)
    assert read_recording(path).rows == ROWS


@pytest.mark.parametrize(
    "data, reason",
    [
        (b"", "no recording"),
        (b"RIFF....WAVE", "no recording"),
        (b"STREC002....", "version 002"),
        (MAGIC, "ends within its header"),
        (MAGIC + b"\x05\0\0\0\0\0\0\0hello", "ends within its header"),
    ],
)
def test_other_file_is_refused_with_its_reason(tmp_path: Path, data: bytes, reason: str) -> None:
    """What is no recording, or one of another version, is said to be that."""
    path = tmp_path / "a.strec"
    path.write_bytes(data)
    with pytest.raises(InputError, match=reason):
        read_recording(path)


def test_missing_and_too_large_files_are_refused(tmp_path: Path) -> None:
    """Nothing is read into memory that could not be replayed."""
    with pytest.raises(InputError, match="cannot read"):
        read_recording(tmp_path / "nothing")
    path = tmp_path / "large.strec"
    with path.open("wb") as file:
        file.truncate((MAX_FILE_MB << 20) + 1)
    with pytest.raises(InputError, match="larger than"):
        read_recording(path)
