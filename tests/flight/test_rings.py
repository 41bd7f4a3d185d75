"""The microphone of a recording is complete: what the bus lost is read from the ring."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from streamtalk.cli.flight.rings import Microphones
from streamtalk.client.ring import CAPACITY_SAMPLES, RingWriter
from streamtalk.client.rundir import RunDir
from streamtalk.proto.frames import Mic

pytestmark = pytest.mark.unit

FRAME = 320
NS_PER_SAMPLE = 62_500
STARTED_NS = 10**12


class Scene:
    """An edge that writes a ring, and a recorder that hears some of its frames."""

    def __init__(self, run_dir: RunDir) -> None:
        self.run_dir = run_dir
        self.now_ns = STARTED_NS
        self.microphones = Microphones(run_dir, STARTED_NS, lambda: self.now_ns)
        self.kept: dict[str, dict[int, bytes]] = {}
        self.sent: dict[str, bytearray] = {}
        self.edge = self.open("one")

    def open(self, stream: str) -> RingWriter:
        """The microphone is opened."""
        self.edge = RingWriter(self.run_dir.ring("s"), stream)
        self.sent[stream] = bytearray()
        return self.edge

    def speak(self, frames: int, *, heard: bool = True) -> None:
        """So many frames go by, which the bus brings or loses."""
        for _ in range(frames):
            at = self.edge.written
            pcm = np.arange(at, at + FRAME, dtype=np.int64).astype("<i2").tobytes()
            self.edge.write(pcm)
            self.sent[self.edge.stream] += pcm
            self.now_ns += FRAME * NS_PER_SAMPLE
            if heard:
                mic = Mic(stream=self.edge.stream, sample=at)
                for _, missing, audio in self.microphones.hear("s", mic, FRAME):
                    self._keep(missing, audio)
                self._keep(mic, pcm)

    def finish(self) -> None:
        """The recording ends."""
        for _, missing, audio in self.microphones.finish():
            self._keep(missing, audio)

    def joined(self, stream: str) -> bytes:
        """What was kept of a stream, in order, without looking for holes."""
        return b"".join(pcm for _, pcm in sorted(self.kept[stream].items()))

    def _keep(self, mic: Mic, pcm: bytes) -> None:
        assert mic.sample not in self.kept.setdefault(mic.stream, {})
        self.kept[mic.stream][mic.sample] = pcm


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """A scene whose ring is closed in the end."""
    (folder / "rings").mkdir(parents=True)
    found = Scene(RunDir(folder))
    try:
        yield found
    finally:
        found.finish()
        found.edge.close()


@pytest.fixture
def found(tmp_path: Path) -> Iterator[Scene]:
    """A scene of its own for each test."""
    with scene(tmp_path / "run") as made:
        yield made


def test_what_the_bus_brings_is_kept_once(found: Scene) -> None:
    """Without a loss the ring is not needed."""
    found.speak(20)
    found.finish()
    assert found.joined("one") == found.sent["one"]
    assert len(found.kept["one"]) == 20


def test_holes_are_filled_from_the_ring(found: Scene) -> None:
    """Lost frames at the beginning, in the middle and at the end are all there."""
    found.speak(5, heard=False)
    found.speak(5)
    found.speak(70, heard=False)
    found.speak(5)
    found.speak(9, heard=False)
    found.finish()
    assert found.joined("one") == found.sent["one"]
    assert found.microphones.lost_samples == 0


def test_edge_that_is_gone_still_gives_its_last_second(found: Scene) -> None:
    """The ring stays mapped when the edge has removed the file."""
    found.speak(5)
    found.speak(50, heard=False)
    found.edge.close()
    found.finish()
    assert found.joined("one") == found.sent["one"]


def test_new_stream_completes_the_old_one(found: Scene) -> None:
    """The microphone is opened anew: both streams are whole."""
    found.speak(5)
    found.speak(5, heard=False)
    old = found.edge
    found.open("two")
    found.speak(3, heard=False)
    found.speak(5)
    found.finish()
    old.close()
    assert found.joined("one") == found.sent["one"]
    assert found.joined("two") == found.sent["two"]


def test_what_was_said_before_is_not_recorded(tmp_path: Path) -> None:
    """Of a stream that is older than the recording, only what follows is kept."""
    with scene(tmp_path / "run") as found:
        found.speak(100, heard=False)
        found.microphones = Microphones(found.run_dir, found.now_ns, lambda: found.now_ns)
        found.speak(5)
        found.finish()
        assert min(found.kept["one"]) == 100 * FRAME


def test_hole_longer_than_the_ring_is_counted(found: Scene) -> None:
    """What nobody has any more is not made up."""
    found.speak(1)
    found.speak(CAPACITY_SAMPLES // FRAME + 100, heard=False)
    found.speak(1)
    found.finish()
    kept = sum(len(pcm) // 2 for pcm in found.kept["one"].values())
    assert found.microphones.lost_samples > 0
    assert kept + found.microphones.lost_samples == found.edge.written
