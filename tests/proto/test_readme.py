"""`proto/README.md` tells the truth: its tables, its example program, its layout of the ring."""

import re
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import zmq

from streamtalk.client.ring import RingWriter
from streamtalk.client.sockets import open_socket, split_envelope
from streamtalk.proto.codec import decode_request, encode
from streamtalk.proto.directory import Directory, Instance, Lookup
from streamtalk.proto.message import Reply, Request
from streamtalk.proto.recognition import Transcribe, Transcript
from tools.proto_tables import README, render

pytestmark = pytest.mark.contract


def test_tables_are_made_from_the_code() -> None:
    """A message that changed without `make golden` is found."""
    text = README.read_text(encoding="utf-8")
    assert text == render(text)


def test_every_message_is_explained() -> None:
    """The README explains each message, so no section is without a sentence."""
    text = README.read_text(encoding="utf-8")
    sections = re.split(r"^#### ", text, flags=re.MULTILINE)[1:]
    assert [s.splitlines()[0] for s in sections if not s.splitlines()[2].strip()] == []


def test_twenty_line_client_transcribes(run_dir: Path) -> None:
    """The example runs as printed, with plain REQ and msgpack, against sockets with our options."""
    source = README.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    pcm = bytes(range(256)) * 10
    (run_dir / "s").mkdir()
    server = _Server(run_dir)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        result = subprocess.run(
            [sys.executable, "-c", source, str(run_dir)],
            input=pcm,
            capture_output=True,
            timeout=60,
            check=False,
        )
    finally:
        server.stop()
        thread.join()
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.decode().strip() == f"heard {len(pcm)} bytes"
    assert "streamtalk" not in source


def test_ring_lies_as_documented(run_dir: Path) -> None:
    """A program that knows only the README's table reads the newest samples from the file."""
    writer = RingWriter(run_dir / "x.ring", "s-1")
    minute = struct.pack("<16000h", *range(-8000, 8000)) * 60
    writer.write(minute)
    writer.write(struct.pack("<3h", 7, -8, 9))
    raw = (run_dir / "x.ring").read_bytes()
    writer.close()
    (written,) = struct.unpack("=Q", raw[8:16])
    first = 4096 + 2 * (written - 3) % 1_920_000
    assert raw[:8] == b"STRING01"
    assert written == 60 * 16_000 + 3
    assert raw[16:80].rstrip(b"\0") == b"s-1"
    assert struct.unpack("<3h", raw[first : first + 6]) == (7, -8, 9)
    assert len(raw) == 4096 + 60 * 16_000 * 2


class _Server:
    """A registry and a recogniser on real sockets, for one caller."""

    def __init__(self, run_dir: Path) -> None:
        self._run_dir = run_dir
        self._context: zmq.Context[Any] = zmq.Context()
        self._ended = threading.Event()

    def stop(self) -> None:
        """End `serve` soon."""
        self._ended.set()

    def serve(self) -> None:
        """Answer until stopped."""
        names = ("registry", "asr_0-1")
        sockets = [open_socket(self._context, zmq.ROUTER) for _ in names]
        for socket, name in zip(sockets, names, strict=True):
            socket.bind(f"ipc://{self._run_dir}/s/{name}.sock")
        while not self._ended.is_set():
            for socket in sockets:
                if socket.poll(20):
                    self._answer(socket)
        for socket in sockets:
            socket.close()
        self._context.term()

    def _answer(self, socket: zmq.Socket[bytes]) -> None:
        found = split_envelope(socket.recv_multipart())
        assert found is not None
        envelope, header, payload = found
        reply = self._reply(decode_request(header), payload)
        socket.send_multipart([*envelope, encode(reply)])

    def _reply(self, request: Request, payload: bytes) -> Reply:
        if isinstance(request, Lookup):
            return Directory(version=1, registry="registry_0-1", instances=[self._instance()])
        assert isinstance(request, Transcribe)
        return Transcript(
            text=f"heard {len(payload)} bytes",
            final=True,
            language="en",
            confidence=1.0,
            audio_ms=len(payload) / 32,
            compute_ms=0.0,
        )

    def _instance(self) -> Instance:
        return Instance(
            service="asr",
            instance="asr_0-1",
            slot="asr_0",
            engine="scripted",
            endpoint=f"ipc://{self._run_dir}/s/asr_0-1.sock",
            pid=1,
            ready=True,
        )
