"""What a session has missed is known to the process that takes the place of a killed one."""

from pathlib import Path

import pytest

from streamtalk.audio_io.absence import LONGEST_MS, uncaptured_before
from streamtalk.audio_io.meter import Filler
from streamtalk.client.ring import RingReader, RingWriter

pytestmark = pytest.mark.unit

MS = 1_000_000


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / "s.ring"


def _leave(path: Path, uncaptured_ms: float) -> int:
    """A ring as a killed process leaves it; returns when it was last written."""
    ring = RingWriter(path, "a")
    ring.write(bytes(640))
    ring.note_uncaptured(uncaptured_ms)
    reader = RingReader(path)
    written_ns = reader.written_ns
    reader.close()
    return written_ns


def test_time_without_a_process_counts_with_what_was_missed_before(path: Path) -> None:
    """From the last frame of the killed process on, nothing was captured."""
    written_ns = _leave(path, 640.0)
    assert uncaptured_before(path, written_ns + 1_500 * MS) == 2_140.0


def test_count_goes_on_in_the_new_process(path: Path) -> None:
    """Silence that stands in for a device is added to what was missed before."""
    written_ns = _leave(path, 0.0)
    filler = Filler(0, uncaptured_before(path, written_ns + 500 * MS))
    filler.silence(100 * MS)
    assert filler.uncaptured_ms == 600.0


def test_session_that_was_ended_in_order_has_missed_nothing(path: Path) -> None:
    """Its ring went with it."""
    ring = RingWriter(path, "a")
    ring.write(bytes(640))
    ring.close()
    assert uncaptured_before(path, 10**18) == 0.0


@pytest.mark.parametrize("later_ns", [-MS, int((LONGEST_MS + 1) * MS)])
def test_ring_of_another_day_counts_for_nothing(path: Path, later_ns: int) -> None:
    """One that rested too long, or was written before the machine was started, is not ours."""
    written_ns = _leave(path, 640.0)
    assert uncaptured_before(path, written_ns + later_ns) == 0.0


def test_ring_that_was_never_written_counts_for_nothing(path: Path) -> None:
    """The process was killed before its microphone delivered."""
    RingWriter(path, "a")
    assert uncaptured_before(path, MS) == 0.0
