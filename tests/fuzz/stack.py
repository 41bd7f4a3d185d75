"""A running set of services, and an edge with a session, that the fuzzing may not disturb."""

import configparser
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import zmq

from streamtalk.client.peer import Peer
from streamtalk.client.sockets import open_publisher, open_subscriber
from streamtalk.proto.codec import encode
from streamtalk.proto.conversation import ListSessions, Sessions
from streamtalk.proto.frames import Mic
from streamtalk.proto.message import Ok
from streamtalk.proto.playback import Hold
from streamtalk.proto.topics import topic
from tests.fuzz.edge_process import SESSION
from tests.support.processes import Processes, processes
from tests.support.recorder import eventually
from tests.support.tree import ROOT

LIGHT = {"vad", "turn", "asr", "tts"}
"""Services that run without their model here: it is not what is being tested."""


def services() -> list[str]:
    """What supervisord would start by itself, as far as it is there."""
    parser = configparser.RawConfigParser()
    parser.read(ROOT / "supervisord.conf", encoding="utf-8")
    programs = [s.removeprefix("program:") for s in parser.sections() if s.startswith("program:")]
    started = [p for p in programs if parser.getboolean(f"program:{p}", "autostart")]
    return [p for p in started if importlib.util.find_spec(f"streamtalk.{p}.__main__")]


class Stack:
    """All services, the edge, and the good traffic."""

    def __init__(self, scene: Processes, edge: "subprocess.Popen[bytes]") -> None:
        self.scene = scene
        self.edge = edge

    def pid(self, service: str) -> int:
        """Process that is behind a socket."""
        return self.edge.pid if service == "edge" else self.scene.running[f"{service}_0"].pid

    def rss_mb(self, service: str) -> float:
        """Its resident memory."""
        return float(psutil.Process(self.pid(service)).memory_info().rss / (1 << 20))

    def path(self, service: str) -> Path:
        """Its socket."""
        folder = self.scene.run_dir.path / "s"
        pattern = "fuzz-*.sock" if service == "edge" else f"{service}_0-*.sock"
        (found,) = folder.glob(pattern)
        return found

    def dropped(self, service: str) -> int:
        """Messages that it has not accepted so far."""
        health = self.scene.health(f"{service}_0")
        assert health is not None
        return sum(health.dropped.values())

    def answers(self, service: str) -> bool:
        """Whether a good call gets its good answer."""
        if service != "edge":
            health = self.scene.health(f"{service}_0")
            return health is not None and health.instance.service == service
        with Peer(self.scene.context, f"ipc://{self.path('edge')}") as peer:
            hold = Hold(session=SESSION, term=1 << 40, answer="good")
            return peer.call(hold, Ok, 5.0) == Ok()

    def holds_session(self) -> bool:
        """Whether the orchestrator has the edge's session."""
        if "orchestrator" not in services():
            return True
        with Peer(self.scene.context, f"ipc://{self.path('orchestrator')}") as peer:
            found = peer.call(ListSessions(), Sessions, 5.0).sessions
        return [ref.session for ref in found] == [SESSION]

    def frames_flow(self) -> bool:
        """Whether the bus carries frames of another session."""
        name = topic("audio", "mic", "good")
        publisher = open_publisher(self.scene.context, self.scene.run_dir)
        subscriber = open_subscriber(self.scene.context, self.scene.run_dir, name)

        def arrives() -> bool:
            publisher.send_multipart([name, encode(Mic(stream="a", sample=0)), bytes(640)])
            return bool(subscriber.poll(20))

        try:
            return eventually(arrives, 10.0)
        finally:
            publisher.close()
            subscriber.close()

    def alive(self) -> list[str]:
        """Services whose process has ended."""
        ended = [s for s, p in self.scene.running.items() if p.poll() is not None]
        return [*ended, *(["edge"] if self.edge.poll() is not None else [])]

    def dealer(self, path: Path, kind: int = zmq.DEALER) -> "zmq.Socket[bytes]":
        """A connected socket of a peer that keeps to no rule but ZeroMQ's."""
        socket: zmq.Socket[bytes] = self.scene.context.socket(kind)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.SNDTIMEO, 30_000)
        socket.connect(f"ipc://{path}")
        return socket

    def logs(self) -> str:
        """All that was logged."""
        folder = self.scene.run_dir.logs
        return "\n".join(path.read_text("utf-8") for path in folder.iterdir() if path.is_file())


@contextmanager
def stack(folder: Path) -> Iterator[Stack]:
    """Everything, ready and in conversation."""
    with processes(folder) as scene:
        for service in services():
            if service in LIGHT:
                overlay = scene.run_dir.slots / f"{service}_0.toml"
                overlay.write_text('engine = "scripted"\n', encoding="utf-8")
            scene.start(service)
        scene.wait_ready(*[f"{service}_0" for service in services() if service != "audio_io"])
        command = [sys.executable, "-m", "tests.fuzz.edge_process", str(folder)]
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE) as edge:
            found = Stack(scene, edge)
            scene.wait(lambda: (scene.run_dir.path / "s").glob("fuzz-*.sock"), "edge")
            scene.wait(found.holds_session, "session")
            try:
                yield found
            finally:
                assert edge.stdin is not None
                edge.stdin.close()
                edge.wait(15)
