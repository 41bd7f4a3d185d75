"""One real service process without the rest of the stack; the test is its bus."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import zmq

from streamtalk.client.peer import Peer
from streamtalk.client.rundir import RunDir
from streamtalk.client.sockets import open_socket
from streamtalk.proto.codec import decode, encode
from streamtalk.proto.errors import CallError
from streamtalk.proto.health import Health, Probe
from streamtalk.proto.message import Message

M = TypeVar("M", bound=Message)
_START_S = 30.0


class Alone:
    """A service that runs by itself, and both ends of the bus that it connects to."""

    def __init__(self, service: str, run_dir: RunDir, context: zmq.Context[Any]) -> None:
        self.service = service
        self.run_dir = run_dir
        self._context = context
        self.heard = open_socket(context, zmq.SUB)
        self.heard.setsockopt(zmq.SUBSCRIBE, b"")
        self.heard.bind(run_dir.bus_in)
        self.bus = open_socket(context, zmq.XPUB)
        self.bus.bind(run_dir.bus_out)

    def connect(self) -> Peer:
        """A caller of the service, once it is ready; raises TimeoutError when it never is."""
        deadline_ns = time.monotonic_ns() + int(_START_S * 1e9)
        while time.monotonic_ns() < deadline_ns:
            for path in (self.run_dir.path / "s").glob(f"{self.service}_0-*.sock"):
                peer = Peer(self._context, f"ipc://{path}")
                if _is_ready(peer):
                    return peer
                peer.close()
            self.heard.poll(20)
        raise TimeoutError(f"{self.service} was not ready after {_START_S:.0f} s")

    def health(self) -> Health | None:
        """What the service says of itself, ready or not; None: nobody answers yet."""
        for path in (self.run_dir.path / "s").glob(f"{self.service}_0-*.sock"):
            with Peer(self._context, f"ipc://{path}") as peer, contextlib.suppress(CallError):
                return peer.call(Probe(), Health, deadline_s=1.0)
        return None

    def wait_subscribed(self, topic: bytes) -> None:
        """Return when the service has subscribed to `topic`."""
        while True:
            if not self.bus.poll(10_000):
                raise TimeoutError(f"no subscription to {topic!r}")
            if self.bus.recv() == b"\1" + topic:
                return

    def publish(self, topic: bytes, message: Message, payload: bytes = b"") -> None:
        """Send on the bus, to the service."""
        self.bus.send_multipart([topic, encode(message), payload])

    def next(self, kind: type[M], timeout_ms: int = 10_000) -> M:
        """The next message of this kind that the service published."""
        while self.heard.poll(timeout_ms):
            message = decode(self.heard.recv_multipart()[1])
            if isinstance(message, kind):
                return message
        raise TimeoutError(f"{self.service} published no {kind.__name__}")

    def close(self) -> None:
        """Close both ends of the bus."""
        self.heard.close()
        self.bus.close()


def _is_ready(peer: Peer) -> bool:
    try:
        return peer.call(Probe(), Health, deadline_s=1.0).instance.ready
    except CallError:
        return False


@contextmanager
def alone(service: str, folder: Path, *arguments: str) -> Iterator[Alone]:
    """Run the service in `folder` as a process of its own; it has to leave by itself on SIGTERM."""
    run_dir = RunDir(folder).prepare()
    command = [sys.executable, "-m", f"streamtalk.{service}", "--run-dir", str(folder), *arguments]
    with zmq.Context() as context, subprocess.Popen(command) as process:
        scene = Alone(service, run_dir, context)
        try:
            yield scene
        finally:
            process.terminate()
            process.wait(15)
            scene.close()
