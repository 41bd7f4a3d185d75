"""Whatever arrives: nothing ends, nothing grows, good traffic goes on, and it is counted."""

import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from streamtalk.cli.chaos.rubbish import CANARY, headers, parts, topics
from tests.fuzz.raw_peers import babble, claim
from tests.fuzz.stack import Stack, services, stack
from tests.support.recorder import eventually

pytestmark = pytest.mark.process

COUNT = 10_000
"""Messages on each socket."""

GROWTH_MB = 20.0
SEED = 20_240_229
CALLED = [*services(), "edge"]
BABBLERS = 50


@pytest.fixture(name="running", scope="module")
def _running() -> Iterator[Stack]:
    folder = Path(tempfile.mkdtemp(prefix="st-", dir="/tmp"))
    with stack(folder) as found:
        yield found
    shutil.rmtree(folder, ignore_errors=True)


def _pour(running: Stack, path: Path, check: str) -> None:
    """Send everything to one ROUTER, and call it properly in between."""
    socket = running.dealer(path)
    try:
        for number, message in enumerate(parts(random.Random(SEED), COUNT)):
            socket.send_multipart(message)
            while socket.poll(0):
                socket.recv_multipart()
            if number % 2_000 == 1_000:
                assert running.answers(check)
    finally:
        socket.close()


def _assert_well(running: Stack, service: str, before_mb: float) -> None:
    assert running.alive() == []
    assert running.answers(service)
    assert running.rss_mb(service) - before_mb < GROWTH_MB
    assert running.holds_session()
    assert CANARY not in running.logs()


@pytest.mark.parametrize("service", CALLED)
def test_calls_that_are_none(running: Stack, service: str) -> None:
    """Rubbish on the socket for calls is counted and refused; calls are answered all the while."""
    before_mb = running.rss_mb(service)
    counted = running.dropped(service) if service != "edge" else 0
    _pour(running, running.path(service), service)
    _assert_well(running, service, before_mb)
    if service != "edge":
        assert running.dropped(service) - counted > COUNT / 2


def test_registrations_that_are_none(running: Stack) -> None:
    """The one address that everybody knows is no weaker than the others."""
    before_mb = running.rss_mb("registry")
    _pour(running, running.scene.run_dir.path / "s" / "registry.sock", "registry")
    _assert_well(running, "registry", before_mb)
    found = running.scene.directory()
    assert found is not None
    assert {i.slot for i in found.instances if i.live} >= {f"{s}_0" for s in services()}


def test_frames_that_are_none(running: Stack) -> None:
    """Rubbish under real topics reaches every listener, and only their counters move."""
    before_mb = {service: running.rss_mb(service) for service in CALLED}
    counted = running.dropped("orchestrator")
    rng = random.Random(SEED)
    publisher = running.dealer(running.scene.run_dir.path / "s" / "bus-in.sock", zmq.PUB)
    for number, header in enumerate(headers(rng, COUNT)):
        payload = [rng.randbytes(rng.choice([0, 1, 639, 640, 960]))] * rng.choice([0, 1, 1, 1, 3])
        publisher.send_multipart([topics(rng), header, *payload])
        if number % 2_000 == 1_000:
            assert running.frames_flow()
    assert running.frames_flow()
    publisher.close()
    for service in CALLED:
        _assert_well(running, service, before_mb[service])
    assert running.dropped("orchestrator") > counted


def test_subscriptions_that_are_none(running: Stack) -> None:
    """Whoever listens may also send: no harm is done, and what it took is given back."""
    before_mb = running.rss_mb("bus")
    listener = running.dealer(running.scene.run_dir.path / "s" / "bus-out.sock", zmq.XSUB)
    for number, header in enumerate(headers(random.Random(SEED), COUNT)):
        listener.send(b"\1" + header[:200] if number % 2 else header[:2_000])
    assert running.frames_flow()
    listener.close()
    assert running.frames_flow()
    assert eventually(lambda: running.rss_mb("bus") - before_mb < GROWTH_MB)
    _assert_well(running, "bus", before_mb)


@pytest.mark.parametrize("service", CALLED)
def test_peers_that_are_none(running: Stack, service: str) -> None:
    """Frames of an absurd length end that line only, and take no memory."""
    before_mb = running.rss_mb(service)
    rng = random.Random(SEED)
    for size in (1 << 21, 1 << 31, 1 << 62):
        assert claim(running.path(service), b"DEALER", size)
    for _ in range(BABBLERS):
        babble(running.path(service), rng)
    _assert_well(running, service, before_mb)


@pytest.mark.parametrize("end", ["bus-in PUB", "bus-out SUB"])
def test_peers_of_the_bus_that_are_none(running: Stack, end: str) -> None:
    """The bus hangs up on whoever announces more than a message may hold."""
    before_mb = running.rss_mb("bus")
    name, kind = end.split()
    path = running.scene.run_dir.path / "s" / f"{name}.sock"
    for size in (1 << 21, 1 << 31, 1 << 62):
        assert claim(path, kind.encode(), size)
    for _ in range(BABBLERS):
        babble(path, random.Random(SEED))
    assert running.frames_flow()
    _assert_well(running, "bus", before_mb)
