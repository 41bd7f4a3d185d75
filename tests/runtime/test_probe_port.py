"""The HTTP port of a real process: who is answered, and that nobody can hold it up."""

import http.client
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from streamtalk.client.peer import Peer
from streamtalk.proto.endpointing import Predict, Prediction
from streamtalk.runtime.probe_port import CONNECTIONS
from tests.support.processes import Processes, processes, stop_process
from tests.support.recorder import eventually

pytestmark = pytest.mark.process

LIVEZ = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def scene(run_dir: Path) -> Iterator[Processes]:
    """No service runs yet."""
    with processes(run_dir) as running:
        yield running


def free_port() -> int:
    """A port that nobody had a moment ago, and the one after it."""
    while True:
        with ExitStack() as stack:
            first = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            port: int = first.getsockname()[1]
            try:
                stack.enter_context(socket.create_server(("127.0.0.1", port + 1)))
            except OSError:
                continue
            return port


def start(scene: Processes, port: int, slot: str = "turn_0", engine: str = "auto") -> None:
    """Start `turn` with a port."""
    overlay = scene.run_dir.slots / f"{slot}.toml"
    overlay.write_text(f'http_port = {port}\nengine = "{engine}"\n', encoding="utf-8")
    scene.start("turn", slot)


def status(port: int, path: str = "/readyz") -> int:
    """Status of a page; 0 where nobody answers."""
    return page(port, path)[0]


def page(port: int, path: str) -> tuple[int, str]:
    """Status and body of a page."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except OSError:
        return 0, ""
    finally:
        connection.close()


def test_ready_process_says_so_and_counts(scene: Processes) -> None:
    """All four pages, and in the metrics the work that was done, but no text of anybody."""
    port = free_port()
    start(scene, port)
    assert eventually(lambda: status(port) == 200, 30.0)
    assert [status(port, path) for path in ("/livez", "/startupz")] == [200, 200]
    with Peer(scene.context, f"ipc://{scene.sockets('turn_0')[0]}") as peer:
        question = Predict(text="is the canary in the metrics", silence_ms=1.0)
        peer.call(question, Prediction, 5.0)
    assert eventually(lambda: "streamtalk_turn_work_done 1\n" in page(port, "/metrics")[1])
    assert "canary" not in page(port, "/metrics")[1]


def test_process_that_cannot_load_is_live_only(scene: Processes) -> None:
    """The reason can be read where a person would look."""
    port = free_port()
    start(scene, port, engine="nosuchmodule:Engine")
    assert eventually(lambda: "nosuchmodule" in page(port, "/readyz")[1], 30.0)
    codes = [status(port, path) for path in ("/livez", "/readyz", "/startupz")]
    assert codes == [200, 503, 503]


def test_second_slot_has_the_next_port(scene: Processes) -> None:
    """Replicas do not collide, though they read the same table."""
    port = free_port()
    start(scene, port)
    start(scene, port, "turn_1")
    for each in (port, port + 1):
        assert eventually(lambda number=each: status(number) == 200, 30.0)  # type: ignore[misc]


def test_port_that_is_taken_ends_nothing(scene: Processes) -> None:
    """The service works without it, says so in its log, and takes it when it is free."""
    with socket.create_server(("127.0.0.1", 0)) as occupant:
        port = occupant.getsockname()[1]
        start(scene, port)
        scene.wait_ready("turn_0")
    log = scene.run_dir.logs / "turn_0.log"
    assert eventually(lambda: "no probe port" in log.read_text(encoding="utf-8"))
    assert eventually(lambda: status(port) == 200, 30.0)


def test_stopped_process_answers_nobody(scene: Processes) -> None:
    """The port is the process: what hangs as a whole does not answer."""
    port = free_port()
    start(scene, port)
    assert eventually(lambda: status(port) == 200, 30.0)
    pid = scene.running["turn_0"].pid
    stop_process(pid)
    try:
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.settimeout(0.5)
            client.sendall(LIVEZ)
            with pytest.raises(TimeoutError):
                client.recv(1)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert eventually(lambda: status(port) == 200, 30.0)


def test_slow_clients_hold_nobody_up(scene: Processes) -> None:
    """As many as there are places send a byte now and then; all are cut off, and others served."""
    port = free_port()
    start(scene, port)
    assert eventually(lambda: status(port) == 200, 30.0)
    with ExitStack() as stack:
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            for _ in range(CONNECTIONS)
        ]
        began_ns = time.monotonic_ns()
        while slow and time.monotonic_ns() - began_ns < 30e9:
            slow = [client for client in slow if _goes_on(client)]
        assert slow == []
        assert status(port) == 200


def _goes_on(client: socket.socket) -> bool:
    """Send one more byte of an endless header; whether the other side still listens."""
    client.settimeout(0.01)
    try:
        client.sendall(b"x")
        return client.recv(1) != b""
    except TimeoutError:
        return True
    except OSError:
        return False


@pytest.mark.parametrize("flood", [b"GET /" + b"a" * 100_000, b"\r\n" * 50_000])
def test_flood_is_cut_off(scene: Processes, flood: bytes) -> None:
    """What is longer than a request gets an error or nothing, and others are served."""
    port = free_port()
    start(scene, port)
    assert eventually(lambda: status(port) == 200, 30.0)
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(10)
        try:
            client.sendall(flood)
            answer = client.recv(12)
        except OSError:
            answer = b""
    assert answer in (b"", b"HTTP/1.1 400")
    assert status(port) == 200


def test_one_connection_has_one_answer(scene: Processes) -> None:
    """Two requests in one go: the first is answered, then the connection is closed."""
    port = free_port()
    start(scene, port)
    assert eventually(lambda: status(port) == 200, 30.0)
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(10)
        client.sendall(LIVEZ + LIVEZ)
        answer = b"".join(iter(lambda: client.recv(4_096), b""))
    assert len(re.findall(rb"HTTP/1.1 200", answer)) == 1
