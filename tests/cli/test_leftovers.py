"""What a stack removes when it starts and ends, and what belongs to somebody who lives."""

import socket
import time
from pathlib import Path

import pytest

from streamtalk.cli.stack import Stack
from streamtalk.client.ring import RingWriter
from streamtalk.client.rundir import RunDir

pytestmark = pytest.mark.process


def _socket(path: Path) -> socket.socket:
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    found.bind(str(path))
    return found


def test_edge_that_outlives_a_stack_keeps_socket_and_ring(run_dir: Path) -> None:
    """A conversation goes on with the next stack; what nobody uses any more is removed."""
    place = RunDir(run_dir).prepare()
    living = RingWriter(place.ring("living"), "a")
    living.write(bytes(640))
    place.ring("dead").write_bytes(b"no ring")
    _socket(run_dir / "s" / "dead.sock").close()
    with _socket(run_dir / "s" / "living.sock") as listener:
        listener.listen()
        Stack(place)._clean()
    assert [path.name for path in (run_dir / "s").iterdir()] == ["living.sock"]
    assert [path.name for path in (run_dir / "rings").iterdir()] == ["living.ring"]
    living.close()


def test_ring_that_nobody_writes_any_more_is_removed(run_dir: Path) -> None:
    """A ring whose last sample is old belongs to an edge that was killed."""
    place = RunDir(run_dir).prepare()
    ring = RingWriter(place.ring("killed"), "a")
    ring.write(bytes(640))
    ring._words[10] = time.monotonic_ns() - 60_000_000_000
    Stack(place)._clean()
    assert list((run_dir / "rings").iterdir()) == []
    ring.close()
