"""A bus and a voice in processes of their own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq

from streamtalk.client.peer import Peer
from streamtalk.client.rundir import RunDir
from streamtalk.client.sockets import open_publisher, open_subscriber
from streamtalk.proto.codec import decode, encode
from streamtalk.proto.errors import CallError
from streamtalk.proto.frames import Speech
from streamtalk.proto.health import Health, Probe
from streamtalk.proto.state import PlaybackState
from streamtalk.proto.topics import topic
from tests.support.recorder import eventually

_SPEECH = topic("audio", "speech", "s")
_START_S = 60.0


class Voice:
    """One running `tts` instance, the bus it speaks on, and a listener of session `s`."""

    def __init__(self, path: Path, settings: dict[str, str]) -> None:
        self.run_dir = RunDir(path).prepare()
        self.context: zmq.Context[Any] = zmq.Context()
        # A cache of its own: what other voices said is not to be heard here.
        settings = {"CACHE__PATH": str(path / "cache"), **settings}
        environment = {f"STREAMTALK_TTS__{key}": value for key, value in settings.items()}
        self._processes = [self._start("bus", {})]
        self.subscriber = open_subscriber(self.context, self.run_dir, _SPEECH)
        self.publisher = open_publisher(self.context, self.run_dir)
        # A voice that is ready before the bus is there would speak to nobody.
        assert eventually(self._bus_carries, _START_S)
        self._hear_the_last()
        self.process = self._start("tts", environment)
        self._processes.append(self.process)
        assert eventually(lambda: bool(self._endpoints()), _START_S)
        self.endpoint = self._endpoints()[0]
        self.peer = Peer(self.context, self.endpoint)
        assert eventually(self._is_ready, _START_S)

    def _bus_carries(self) -> bool:
        """Whether what is published here comes back here."""
        self.publisher.send_multipart([_SPEECH, b"", b""])
        return bool(self.subscriber.poll(20))

    def _hear_the_last(self) -> None:
        """Take in what was published so far."""
        self.publisher.send_multipart([_SPEECH, b"last", b""])
        assert eventually(lambda: self._next_header() == b"last", _START_S)

    def _next_header(self) -> bytes:
        return self.subscriber.recv_multipart()[1] if self.subscriber.poll(20) else b""

    def _start(self, service: str, settings: dict[str, str]) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            f"streamtalk.{service}",
            "--run-dir",
            str(self.run_dir.path),
        ]
        return subprocess.Popen(command, env={**os.environ, **settings})

    def _endpoints(self) -> list[str]:
        return [f"ipc://{path}" for path in self.run_dir.path.glob("s/tts*.sock")]

    def _is_ready(self) -> bool:
        try:
            return self.health().instance.ready
        except CallError:
            return False

    def health(self) -> Health:
        """What the instance says of itself."""
        return self.peer.call(Probe(), Health, 5.0)

    def hear(self, timeout_s: float = 5.0) -> tuple[Speech, bytes] | None:
        """The next message of speech, or None."""
        if not self.subscriber.poll(int(timeout_s * 1_000)):
            return None
        _, header, pcm = self.subscriber.recv_multipart()
        message = decode(header)
        assert isinstance(message, Speech)
        return message, pcm

    def hear_piece(self) -> tuple[bytes, list[Speech]]:
        """PCM and headers up to the message with the total."""
        pcm, headers = bytearray(), []
        while (heard := self.hear()) is not None:
            headers.append(heard[0])
            pcm += heard[1]
            if heard[0].total_samples is not None:
                return bytes(pcm), headers
        pytest.fail(f"the end of the piece did not come; {len(pcm) // 2} samples did")

    def tell(self, state: PlaybackState) -> None:
        """Publish the state of the sink of session `s`."""
        self.publisher.send_multipart([topic("state", "playback", "s"), encode(state), b""])

    def close(self) -> None:
        """Stop everything."""
        self.peer.close()
        self.subscriber.close()
        self.publisher.close()
        self.context.term()
        for process in self._processes:
            process.send_signal(signal.SIGKILL)
            process.wait()


@pytest.fixture
def start_voice(run_dir: Path) -> Iterator[Callable[..., Voice]]:
    """Starts a voice with settings such as `ENGINE="scripted"`; ends it after the test."""
    voices: list[Voice] = []

    def start(**settings: str) -> Voice:
        voices.append(Voice(run_dir, settings))
        return voices[-1]

    yield start
    for voice in voices:
        voice.close()
