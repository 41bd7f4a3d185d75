"""The edge of the yardstick's adapter: connections of a Unix socket are sessions.

`python yardstick_edge.py RUN_DIR SOCKET`; the adapter becomes it when the stack is ready.
"""

import contextlib
import os
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from streamtalk.client.edge import Edge, EdgeSession
from streamtalk.client.rundir import RunDir
from streamtalk.proto.audio import FRAME_MS, MIC_FRAME_BYTES, MIC_FRAME_SAMPLES
from streamtalk.proto.errors import StreamTalkError
from streamtalk.proto.recognition import Transcribe, Transcript
from streamtalk.runtime.memory import settle_memory
from streamtalk.runtime.process import tune_interpreter

DUPLEX: Final = bool(os.environ.get("DUPLEX"))
_FRAME_NS: Final = FRAME_MS * 1_000_000
_ID_BYTES: Final = 4
_IDLE_MS: Final = 100.0
_SETTLE_NS: Final = 1_000_000_000
_POLL_RESOLUTION_NS: Final = 1_000_000
_PARTIAL_SAMPLES: Final = 16 * 512
"""The yardstick asks for a partial every 16 chunks."""


@dataclass
class Line:
    """One connection: a microphone and a loudspeaker."""

    connection: socket.socket
    buffer: bytearray = field(default_factory=bytearray)
    entry: EdgeSession | None = None
    due_ns: int = 0
    """When the next frame is due; 0 while nothing is played."""

    answers: list[str] = field(default_factory=list)
    """Those that were played so far: their place is the number of the turn."""

    partial_at: int = _PARTIAL_SAMPLES


class Lines:
    """All connections of the socket, served by one edge on one thread."""

    def __init__(self, edge: Edge, path: str) -> None:
        self._edge = edge
        self._lines: dict[int, Line] = {}
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(path)
        self._listener.listen(64)
        edge.loop.watch(self._listener.fileno())
        self.partials_skipped = 0

    def serve(self) -> None:
        """One round: wait for sockets or the next frame's time, then do what is due."""
        due_ns = min((line.due_ns for line in self._lines.values() if line.due_ns), default=0)
        left_ns = due_ns - time.monotonic_ns()
        if not due_ns:
            wait_ms = _IDLE_MS
        else:
            # The poller counts whole milliseconds: the rest of the last one is slept.
            wait_ms = max(0, left_ns // _POLL_RESOLUTION_NS)
            if 0 < left_ns < _POLL_RESOLUTION_NS:
                time.sleep(left_ns / 1e9)
        for descriptor in self._edge.serve(wait_ms):
            self._read(descriptor)
        now_ns = time.monotonic_ns()
        for line in self._lines.values():
            if line.entry is not None and line.due_ns <= now_ns:
                self._play(line, line.entry, now_ns)

    def _read(self, descriptor: int) -> None:
        line = self._lines.get(descriptor)
        if line is None:
            connection, _ = self._listener.accept()
            self._lines[connection.fileno()] = Line(connection)
            self._edge.loop.watch(connection.fileno())
            return
        try:
            received = line.connection.recv(65_536)
        except ConnectionResetError:
            received = b""
        if not received:
            self._close(descriptor, line)
            return
        line.buffer += received
        self._hear(line)

    def _hear(self, line: Line) -> None:
        buffer = line.buffer
        if line.entry is None:
            if len(buffer) < _ID_BYTES:
                return
            number = int.from_bytes(buffer[:_ID_BYTES], "little")
            del buffer[:_ID_BYTES]
            line.entry = self._edge.open(f"yardstick-{number}")
        while len(buffer) >= MIC_FRAME_BYTES:
            self._edge.push_mic(line.entry, bytes(buffer[:MIC_FRAME_BYTES]))
            del buffer[:MIC_FRAME_BYTES]
            if DUPLEX and line.entry.mic_sample >= line.partial_at:
                line.partial_at += _PARTIAL_SAMPLES
                self._ask_partial(line.entry)

    def _ask_partial(self, entry: EdgeSession) -> None:
        """The recogniser's load while the person listens, as all others have it in this case."""
        endpoint = self._edge.addresses.find("asr")
        if endpoint is None:
            self.partials_skipped += 1
            return
        request = Transcribe(
            ring=str(entry.ring.path),
            stream=entry.ring.stream,
            from_sample=entry.mic_sample - _PARTIAL_SAMPLES,
            to_sample=entry.mic_sample,
            final=False,
        )
        self._edge.caller.call(endpoint, request, 5.0, _ignore, self._on_skipped)

    def _on_skipped(self, error: StreamTalkError) -> None:
        self.partials_skipped += 1
        sys.stderr.write(f"partial {self.partials_skipped} skipped: {error}\n")

    def _play(self, line: Line, entry: EdgeSession, now_ns: int) -> None:
        playing = entry.sink.playing
        frame = self._edge.pull_speech(entry) if playing is not None else None
        if playing is None or frame is None:
            line.due_ns = 0
            return
        with contextlib.suppress(BrokenPipeError):
            line.connection.send(_marked(frame, _turn(line, playing.answer)))
        line.due_ns = (line.due_ns or now_ns) + _FRAME_NS

    def _close(self, descriptor: int, line: Line) -> None:
        self._edge.loop.unwatch(descriptor)
        line.connection.close()
        del self._lines[descriptor]
        if line.entry is not None:
            self._edge.end(line.entry)


def _turn(line: Line, answer: str) -> int:
    if not line.answers or line.answers[-1] != answer:
        line.answers.append(answer)
    return len(line.answers) - 1


def _marked(frame: bytes, turn: int) -> bytes:
    """20 ms at the yardstick's rate, with the turn added to what the engine said."""
    value = int.from_bytes(frame[:2], "little", signed=True)
    return (value + turn).to_bytes(2, "little", signed=True) * MIC_FRAME_SAMPLES


def _ignore(_: Transcript) -> None:
    """A partial is only load here."""


def main(run_dir: str, path: str) -> None:
    """Say READY, then serve until killed."""
    tune_interpreter(0)
    lines = Lines(Edge(RunDir(Path(run_dir)), "yardstick"), path)
    settle_memory()
    # The bare reference waits as long: what starting costs is no part of a conversation.
    settled_ns = time.monotonic_ns() + _SETTLE_NS
    while time.monotonic_ns() < settled_ns:
        lines.serve()
    sys.stdout.write("READY\n")
    sys.stdout.flush()
    while True:
        lines.serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
