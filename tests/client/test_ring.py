"""What the microphone ring keeps, what it refuses, and what outlives whom."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.client.ring import CAPACITY_SAMPLES, RingCache, RingReader, RingWriter
from streamtalk.proto.errors import AudioRangeError

pytestmark = pytest.mark.unit

SECOND = 16_000


def _pcm(first: int, count: int) -> bytes:
    """Samples that tell their own position."""
    return (np.arange(first, first + count) % 30_011).astype("<i2").tobytes()


def _fill(ring: RingWriter, count: int, chunk: int = SECOND) -> None:
    for first in range(0, count, chunk):
        ring.write(_pcm(first, min(chunk, count - first)))


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / "s1.ring"


def test_reader_sees_what_was_written(path: Path) -> None:
    """A range comes back to the sample, and the writer tells where each write began."""
    ring = RingWriter(path, "a")
    assert [ring.write(_pcm(0, 320)), ring.write(_pcm(320, 320))] == [0, 320]
    reader = RingReader(path)
    assert (reader.stream, reader.written) == ("a", 640)
    assert reader.read(100, 500) == _pcm(100, 400)
    assert reader.read(640, 640) == b""
    reader.close()
    ring.close()


def test_range_across_the_wrap_is_whole(path: Path) -> None:
    """Audio that lies at the end and at the start of the file is joined."""
    ring = RingWriter(path, "a")
    _fill(ring, CAPACITY_SAMPLES + 3 * SECOND)
    reader = RingReader(path)
    from_sample = CAPACITY_SAMPLES - SECOND
    assert reader.read(from_sample, from_sample + 2 * SECOND) == _pcm(from_sample, 2 * SECOND)
    reader.close()
    ring.close()


def test_overwritten_audio_is_refused(path: Path) -> None:
    """What the writer has lapped, or is about to, is an error and never other audio."""
    ring = RingWriter(path, "a")
    _fill(ring, CAPACITY_SAMPLES + SECOND)
    reader = RingReader(path)
    assert SECOND < reader.oldest < 2 * SECOND
    with pytest.raises(AudioRangeError, match="older than the 60 s"):
        reader.read(SECOND, 2 * SECOND)
    assert reader.read(reader.oldest, reader.oldest + 320) == _pcm(reader.oldest, 320)
    reader.close()
    ring.close()


@pytest.mark.parametrize("bad", [(0, 641), (-1, 10), (20, 10), (0, 1 << 53)])
def test_impossible_range_is_refused(path: Path, bad: tuple[int, int]) -> None:
    """The future, the negative and the reversed are no ranges."""
    ring = RingWriter(path, "a")
    ring.write(_pcm(0, 640))
    reader = RingReader(path)
    with pytest.raises(AudioRangeError, match="not within the 640 samples"):
        reader.read(*bad)
    reader.close()
    ring.close()


def test_audio_outlives_its_writer(path: Path) -> None:
    """A reader that has the ring open keeps it, though the writer has closed and removed it."""
    ring = RingWriter(path, "a")
    ring.write(_pcm(0, 320))
    reader = RingReader(path)
    ring.close()
    ring.close()
    assert not path.exists()
    assert reader.read(0, 320) == _pcm(0, 320)
    reader.close()


def test_close_leaves_the_ring_of_a_successor(path: Path) -> None:
    """A writer that was replaced removes nothing when it is closed at last."""
    old = RingWriter(path, "a")
    new = RingWriter(path, "b")
    old.close()
    reader = RingReader(path)
    assert reader.stream == "b"
    reader.close()
    new.close()
    assert not path.exists()


def test_ring_is_for_its_owner_only(path: Path) -> None:
    """A microphone is nobody else's business."""
    ring = RingWriter(path, "a")
    assert path.stat().st_mode & 0o077 == 0
    ring.close()


@pytest.mark.parametrize("content", [b"", b"no ring", bytes(8_192), b"STRING01" + bytes(4_096)])
def test_other_file_is_no_ring(path: Path, content: bytes) -> None:
    """An empty, short or foreign file is refused with its path."""
    path.write_bytes(content)
    with pytest.raises(AudioRangeError, match=r"s1\.ring"):
        RingReader(path)


def test_pipe_is_no_ring(path: Path) -> None:
    """A named pipe is refused at once, instead of waiting for a writer for ever."""
    os.mkfifo(path)
    with pytest.raises(AudioRangeError, match=r"s1\.ring"):
        RingReader(path)


def test_missing_and_unreadable_places_are_refused(tmp_path: Path) -> None:
    """A folder and nothing at all are no rings either."""
    for place in (tmp_path, tmp_path / "nothing", Path("/dev/zero")):
        with pytest.raises(AudioRangeError, match="no microphone ring"):
            RingReader(place)


def test_reader_never_takes_torn_audio(path: Path) -> None:
    """While the writer laps the ring, a reader gets the right samples or an error."""
    ring = RingWriter(path, "a")
    _fill(ring, CAPACITY_SAMPLES)
    stop = threading.Event()

    def write_on() -> None:
        while not stop.is_set():
            ring.write(_pcm(ring.written, 320))

    writer = threading.Thread(target=write_on)
    writer.start()
    reader = RingReader(path)
    right = refused = 0
    for _ in range(600):
        first = reader.oldest + 320
        try:
            right += reader.read(first, first + 3_200) == _pcm(first, 3_200)
        except AudioRangeError:
            refused += 1
    stop.set()
    writer.join()
    reader.close()
    ring.close()
    assert right + refused == 600
    assert right > 0


def test_cache_reads_by_path_and_stream(path: Path) -> None:
    """Another stream in the same file is refused by name; the right one is read."""
    ring = RingWriter(path, "a")
    ring.write(_pcm(0, 640))
    cache = RingCache()
    assert cache.read(str(path), "a", 0, 640, 0) == _pcm(0, 640)
    with pytest.raises(AudioRangeError, match="holds stream 'a', not 'b'"):
        cache.read(str(path), "b", 0, 640, 0)
    cache.close()
    ring.close()


def test_cache_still_reads_a_replaced_stream(path: Path) -> None:
    """Whoever has heard the old stream may finish with it after the microphone is opened anew."""
    old = RingWriter(path, "a")
    old.write(_pcm(0, 320))
    cache = RingCache()
    cache.open(str(path), "a")
    new = RingWriter(path, "b")
    new.write(_pcm(7, 320))
    assert cache.read(str(path), "a", 0, 320, 0) == _pcm(0, 320)
    assert cache.read(str(path), "b", 0, 320, 0) == _pcm(7, 320)
    cache.close()
    old.close()
    new.close()


def test_cache_waits_for_the_end_of_a_range(path: Path) -> None:
    """Audio that is being captured is waited for; audio that never comes is an error."""
    ring = RingWriter(path, "a")
    cache = RingCache()
    late = threading.Timer(0.05, ring.write, [_pcm(0, 640)])
    late.start()
    assert cache.read(str(path), "a", 0, 640, 5_000) == _pcm(0, 640)
    late.join()
    with pytest.raises(AudioRangeError, match="not within"):
        cache.read(str(path), "a", 0, 641, 1)
    cache.close()
    ring.close()


def test_cache_holds_a_bounded_number_of_files(tmp_path: Path) -> None:
    """The reader that was not used for longest is closed, and opened again when it is needed."""
    rings = [RingWriter(tmp_path / f"{n}.ring", "a") for n in range(4)]
    cache = RingCache(limit=2)
    readers = [cache.open(str(ring.path), "a") for ring in rings]
    assert len(cache._readers) == 2
    assert cache.open(str(rings[3].path), "a") is readers[3]
    assert cache.open(str(rings[0].path), "a") is not readers[0]
    cache.close()
    for ring in rings:
        ring.close()


@given(st.lists(st.integers(1, 4_000), min_size=1, max_size=30), st.data())
def test_any_pieces_read_back_as_one(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], data: st.DataObject
) -> None:
    """However the audio was cut when it was written, every range is the same audio."""
    ring = RingWriter(tmp_path_factory.mktemp("ring") / "x.ring", "a")
    for size in sizes:
        ring.write(_pcm(ring.written, size))
    reader = RingReader(ring.path)
    to_sample = data.draw(st.integers(0, ring.written))
    from_sample = data.draw(st.integers(0, to_sample))
    assert reader.read(from_sample, to_sample) == _pcm(from_sample, to_sample - from_sample)
    reader.close()
    ring.close()


def test_ring_takes_its_room_at_once(path: Path) -> None:
    """No hole is left for a full disk to end the process at (SIGBUS)."""
    ring = RingWriter(path, "a")
    found = path.stat()
    assert found.st_blocks * 512 >= found.st_size
    ring.close()


def test_ring_without_room_is_an_error_that_says_so(path: Path) -> None:
    """Nothing half-made is left, and the process lives."""
    program = (
        "import resource, sys, pathlib\n"
        "from streamtalk.client.ring import RingWriter\n"
        "from streamtalk.proto.errors import InputError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try:\n"
        "    RingWriter(pathlib.Path(sys.argv[1]), 'a')\n"
        "except InputError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    assert "no room for a microphone ring" in done.stdout
    assert list(path.parent.iterdir()) == []
