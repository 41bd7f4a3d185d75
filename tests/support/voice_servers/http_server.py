"""OpenAI, Azure, Google and CosyVoice over HTTP/1.1, byte by byte, so that every fault can be."""

import asyncio
import base64
import json
import re
import socket
import threading
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, Final
from urllib.parse import parse_qsl

from streamtalk.cli.chaos.connections import Connections, in_thread, read_request
from tests.support.voice_servers.sound import RATE_HZ, bent, cut, tone, wav

STATUS_FAULTS: Final = {
    "unauthorized": 401,
    "forbidden": 403,
    "rate_limited": 429,
    "bad_request": 400,
    "no_such_path": 404,
    "failing": 500,
    "redirect": 302,
}
PROSE: Final = "PROSE OF THE SERVER"


@dataclass(frozen=True)
class Asked:
    """One request, read as its protocol says."""

    path: str
    headers: dict[str, str]
    text: str
    rate: float = 1.0
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Head:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


class HttpVoiceServer:
    """Serves in a thread; `fault` may be changed while it runs."""

    def __init__(self) -> None:
        self.port = 0
        self.fault = "none"
        self.retry_after = "7"
        self.pcm_rate_hz = RATE_HZ
        self.asked: list[Asked] = []
        self.gone = threading.Event()
        """Set when a client hung up before its answer was whole."""

        self.begun = threading.Event()
        """Set when the first sound of an answer was sent."""

        self._connections = Connections(self._serve)

    @property
    def connections(self) -> int:
        """How many were opened."""
        return self._connections.count

    @property
    def url(self) -> str:
        """Its address, without a path."""
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def serving(self, port: int = 0) -> Iterator["HttpVoiceServer"]:
        """Serve until the block ends; then every connection is closed."""
        with in_thread(lambda: self._running(port)):
            yield self

    @asynccontextmanager
    async def _running(self, port: int) -> AsyncIterator[None]:
        async with self._connections.serving(port) as self.port:
            yield

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await self._answer(await _read(reader), reader, writer):
            pass

    async def _answer(
        self, head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        self.asked.append(parse(head))
        status = STATUS_FAULTS.get(self.fault)
        if status is not None:
            await self._refuse(writer, status)
            return True
        if self.fault in {"html", "json"}:
            raw, kind = _TEXTS[self.fault]
            await _whole(writer, 200, raw, f"Content-Type: {kind}\r\n")
            return True
        await until_gone(self._sound(self.asked[-1], writer), reader, self.gone)
        return not writer.is_closing()

    async def _refuse(self, writer: asyncio.StreamWriter, status: int) -> None:
        extra = (
            f"Retry-After: {self.retry_after}\r\n"
            if status == STATUS_FAULTS["rate_limited"]
            else ""
        )
        extra += "Location: http://127.0.0.1:9/\r\n" if status == STATUS_FAULTS["redirect"] else ""
        raw = json.dumps({"error": {"message": PROSE}}).encode()
        await _whole(writer, status, raw, f"{extra}Content-Type: application/json\r\n")

    async def _sound(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        fault = self.fault
        body = self._body(asked, fault)
        kind = "application/json" if asked.path.endswith(":synthesize") else "audio/pcm"
        if fault == "stall_early":
            await asyncio.Event().wait()
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n".encode())
        writer.write(b"Transfer-Encoding: chunked\r\n\r\n")
        sizes = (1, 3, 4_801, 2, 999) if fault == "odd_splits" else (4_800,)
        for number, chunk in enumerate(_endless(body) if fault == "endless" else cut(body, sizes)):
            if fault == "stall" and number == 2:
                await asyncio.Event().wait()
            if fault == "reset" and number == 2:
                writer.transport.abort()
                return
            writer.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            await writer.drain()
            self.begun.set()
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    def _body(self, asked: Asked, fault: str) -> bytes:
        pcm = bent(tone(asked.text, asked.rate, self.pcm_rate_hz), fault)
        if asked.path.endswith(":synthesize"):
            content = base64.b64encode(wav(pcm) if pcm else b"").decode()
            return json.dumps({"audioContent": content}).encode()
        if asked.fields.get("response_format") == "wav":
            return wav(pcm, self.pcm_rate_hz, is_open=True)
        return pcm


_TEXTS: Final = {
    "html": (f"<!DOCTYPE html><p>{PROSE}".encode(), "text/html"),
    "json": (json.dumps({"error": PROSE}).encode(), "application/json"),
}


def _endless(body: bytes) -> Iterator[bytes]:
    while True:
        yield from cut(body, (48_000,))


async def _read(reader: asyncio.StreamReader) -> Head:
    _, path, headers, body = await read_request(reader)
    return Head(path, headers, body)


async def _whole(writer: asyncio.StreamWriter, status: int, raw: bytes, extra: str) -> None:
    writer.write(f"HTTP/1.1 {status} X\r\n{extra}Content-Length: {len(raw)}\r\n\r\n".encode() + raw)
    await writer.drain()


async def until_gone(
    answer: Coroutine[Any, Any, None], reader: asyncio.StreamReader, gone: threading.Event
) -> None:
    """Run `answer`, and stop it as soon as the client hangs up."""
    loop = asyncio.get_running_loop()
    sending, hanging = loop.create_task(answer), loop.create_task(reader.read(1))
    try:
        await asyncio.wait([sending, hanging], return_when=asyncio.FIRST_COMPLETED)
        if not sending.done():
            gone.set()
            raise asyncio.IncompleteReadError(b"", None)
    finally:
        for task in (sending, hanging):
            task.cancel()
        await asyncio.gather(sending, hanging, return_exceptions=True)


def parse(head: Head) -> Asked:
    """What is asked for, by the path."""
    if head.path.endswith("/audio/speech"):
        body = json.loads(head.body)
        return Asked(head.path, head.headers, body["input"], body.get("speed", 1.0), body)
    if head.path.endswith("/cognitiveservices/v1"):
        return _parse_ssml(head)
    if head.path.endswith(":synthesize"):
        body = json.loads(head.body)
        rate = body["audioConfig"].get("speakingRate", 1.0)
        return Asked(head.path, head.headers, body["input"]["text"], rate, body)
    if head.path == "/speech":
        body = json.loads(head.body)
        return Asked(head.path, head.headers, body["text"], body.get("speed", 1.0), body)
    fields = _form(head)
    return Asked(head.path, head.headers, str(fields.get("tts_text", "")), 1.0, fields)


def _parse_ssml(head: Head) -> Asked:
    root = ET.fromstring(head.body)  # noqa: S314 — of our own client, on loopback
    prosody = next(node for node in root.iter() if node.tag.endswith("prosody"))
    rate = 1.0 + float(re.sub(r"%$", "", prosody.attrib["rate"])) / 100.0
    return Asked(head.path, head.headers, prosody.text or "", rate, {"ssml": head.body.decode()})


def _form(head: Head) -> dict[str, Any]:
    kind = head.headers.get("content-type", "")
    if not kind.startswith("multipart/"):
        return dict(parse_qsl(head.body.decode()))
    message = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + kind.encode() + b"\r\n\r\n" + head.body
    )
    fields: dict[str, Any] = {}
    for part in message.iter_parts():
        raw = part.get_payload(decode=True)
        assert isinstance(raw, bytes)
        name = str(part.get_param("name", header="content-disposition"))
        fields[name] = raw if part.get_filename() else raw.decode()
    return fields


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
    return port
