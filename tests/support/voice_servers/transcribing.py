"""`/v1/audio/transcriptions` over HTTP/1.1, in JSON of both forms and in streamed events."""

import asyncio
import io
import json
from collections.abc import Iterator
from typing import Any, Final

import soundfile

from tests.support.voice_servers import http_server
from tests.support.voice_servers.http_server import (
    PROSE,
    STATUS_FAULTS,
    Asked,
    HttpVoiceServer,
)
from tests.support.voice_servers.sound import cut

TEXT: Final = "What time is it?"
STREAM_FAULTS: Final = ("garbage_stream", "half_stream", "error_event", "endless_event")
BODY_FAULTS: Final = (
    "html",
    "half_json",
    "not_text",
    "deep_json",
    "endless",
    "stall",
    "stall_early",
    "reset",
    "too_long",
)
"""What a server may do to an answer of status 200."""


class TranscribingServer(HttpVoiceServer):
    """Says `text` of everything; `fault` may be changed while it runs."""

    def __init__(self, text: str = TEXT) -> None:
        super().__init__()
        self.text = text
        self.refuses_words = False
        """Whether it takes only `json`, as newer models do."""

        self.refuses_streams = False
        self.sent_bytes = 0
        self.more: dict[str, Any] = {}
        """Further fields of its answers."""

    @property
    def audio_s(self) -> list[float]:
        """Lengths of what was uploaded."""
        return [_seconds(asked) for asked in self.asked]

    async def _answer(
        self,
        head: http_server.Head,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        asked = http_server.parse(head)
        self.asked.append(asked)
        status = STATUS_FAULTS.get(self.fault)
        is_streamed = asked.fields.get("stream") == "true"
        if self.refuses_words and asked.fields.get("response_format") == "verbose_json":
            status = 400
        if self.refuses_streams and is_streamed:
            status = 400
        if status is not None:
            await self._refuse(writer, status)
            return True
        body = self._stream() if is_streamed else self._json(asked)
        kind = "text/event-stream" if is_streamed else "application/json"
        kind = "text/html" if self.fault == "html" else kind
        await http_server.until_gone(self._send(body, kind, writer), reader, self.gone)
        return not writer.is_closing()

    async def _send(self, body: bytes, kind: str, writer: asyncio.StreamWriter) -> None:
        fault = self.fault
        if fault == "stall_early":
            await asyncio.Event().wait()
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n".encode())
        writer.write(b"Transfer-Encoding: chunked\r\n\r\n")
        sizes = (7, 31) if len(body) < 10_000 else (48_000,)
        parts = _endless() if fault == "endless" else cut(body, sizes)
        for number, part in enumerate(parts):
            if fault == "stall" and number == 1:
                await asyncio.Event().wait()
            if fault == "reset" and number == 1:
                writer.transport.abort()
                return
            writer.write(b"%x\r\n%b\r\n" % (len(part), part))
            await writer.drain()
            self.sent_bytes += len(part)
            self.begun.set()
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    def _json(self, asked: Asked) -> bytes:
        fault = self.fault
        if fault == "html":
            return f"<!DOCTYPE html><p>{PROSE}".encode()
        if fault == "not_text":
            return json.dumps({"error": PROSE}).encode()
        if fault == "deep_json":
            return b'{"text": ' + b"[" * 100_000
        text = "no " * 10_000 if fault == "too_long" else self.text
        answer: dict[str, Any] = {"text": text}
        if asked.fields.get("response_format") == "verbose_json":
            answer |= _verbose(self.text, _seconds(asked))
        body = json.dumps({**answer, **self.more}).encode()
        return body[: len(body) // 2] if fault == "half_json" else body

    def _stream(self) -> bytes:
        if self.fault == "garbage_stream":
            return f"data: {PROSE}\n\n".encode()
        if self.fault == "endless_event":
            return b"data: " + b"x" * (1 << 20)
        deltas = [{"type": "transcript.text.delta", "delta": f" {w}"} for w in self.text.split()]
        deltas[0]["delta"] = deltas[0]["delta"].lstrip()
        done = [{"type": "transcript.text.done", "text": self.text}]
        if self.fault == "half_stream":
            done = []
        if self.fault == "error_event":
            done = [{"type": "error", "error": PROSE}]
        return b"".join(b"data: %b\n\n" % json.dumps(event).encode() for event in deltas + done)


def _endless() -> Iterator[bytes]:
    while True:
        yield b" " * 65_536


def _seconds(asked: Asked) -> float:
    audio, rate_hz = soundfile.read(io.BytesIO(asked.fields["file"]))
    return float(len(audio) / rate_hz)


def _verbose(text: str, seconds: float) -> dict[str, Any]:
    """Words spread over the audio, without punctuation, as OpenAI gives them."""
    words = [word.strip(".,?!") for word in text.split()]
    step_s = seconds / max(len(words), 1)
    return {
        "language": "english",
        "duration": seconds,
        "words": [
            {"word": word, "start": index * step_s, "end": (index + 1) * step_s}
            for index, word in enumerate(words)
        ],
        "segments": [
            {
                "id": 0,
                "text": text,
                "start": 0.0,
                "end": seconds,
                "avg_logprob": -0.2,
                "no_speech_prob": 0.01,
            }
        ],
    }
