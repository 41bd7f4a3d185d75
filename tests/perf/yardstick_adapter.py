"""Stream-Talk as a framework of the yardstick: its contract stands at the top of its `common.py`.

A whole stack under supervisord, its engines replaced by the yardstick's stubs, and one edge process
that maps connections of a Unix socket to sessions.
"""

import importlib
import os
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from streamtalk.cli.bench_stack import BenchStack
from streamtalk.client.edge import Edge, EdgeSession
from streamtalk.proto.audio import MIC_FRAME_SAMPLES
from streamtalk.proto.errors import StreamTalkError
from streamtalk.proto.recognition import Transcribe, Transcript
from streamtalk.runtime.process import settle_memory

YARDSTICK: Final = Path(
    os.environ.get("YARDSTICK_DIR", Path(__file__).parents[3] / "shared" / "yardstick")
).absolute()
sys.path.insert(0, str(YARDSTICK))
common: Any = importlib.import_module("common")

_FRAME_NS: Final = common.FRAME_MS * 1_000_000
_ID_BYTES: Final = 4
_IDLE_MS: Final = 100.0
_POLL_RESOLUTION_NS: Final = 1_000_000
_PARTIAL_SAMPLES: Final = 16 * common.VAD_CHUNK
_VALUE: Final = 1_000
_CHUNK_MS: Final = common.VAD_CHUNK * 1000 / common.SR


def tables(kind: str) -> dict[str, Any]:
    """The configuration: the yardstick's costs, and its rules for when speech begins and ends."""
    phrase = ["tok "] * (common.PHRASE - 1) + ["tok！"]
    return {
        "vad": {
            "engine": "yardstick_engines:Vad",
            "segmenter": {
                "min_speech_ms": 3 * _CHUNK_MS,
                "min_silence_ms": common.HANG * _CHUNK_MS,
            },
        },
        "asr": {"engine": "yardstick_engines:Asr"},
        "turn": {"engine": "scripted", "engines": {"scripted": {"commit_after_ms": 0}}},
        "tts": {"engine": "yardstick_engines:Tts"},
        "orchestrator": {
            "llm_engine": "scripted",
            "scripted_llm": {
                "tokens": phrase * (common.N_TOK // common.PHRASE),
                "first_token_ms": common.LLM_FIRST * 1000,
                "token_ms": common.LLM_TOK * 1000,
            },
            "splitter": {"first_min_chars": 1, "group_clauses": 1},
            "hearing": {"partial_every_ms": 0},
        },
    }


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
        received = line.connection.recv(65_536)
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
        while len(buffer) >= common.FRAME:
            self._edge.push_mic(line.entry, bytes(buffer[: common.FRAME]))
            del buffer[: common.FRAME]
            if common.DUPLEX and line.entry.mic_sample >= line.partial_at:
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


def main() -> None:
    """Start the stack, say READY, serve until killed."""
    arguments = common.args()
    own = Path(__file__).parent
    environment = {
        "YARDSTICK_KIND": arguments.kind,
        "PYTHONPATH": os.pathsep.join([str(own), str(YARDSTICK)]),
    }
    replicas = 2 if arguments.sessions >= 8 else 1
    with BenchStack(tables(arguments.kind), replicas, environment) as stack:
        lines = Lines(Edge(stack.run_dir, "yardstick"), arguments.sock)
        settle_memory()
        sys.stdout.write("READY\n")
        sys.stdout.flush()
        while True:
            lines.serve()


if __name__ == "__main__":
    main()
