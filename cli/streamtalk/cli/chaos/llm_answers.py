"""Streamed answers of an OpenAI-compatible server, each with one fault in it."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

STREAM_FAULTS: Final = (
    "slow_first",
    "stall",
    "broken_sse",
    "half_utf8",
    "half_emoji",
    "huge_token",
    "html",
    "null_deltas",
    "endless",
    "endless_garbage",
    "reset",
    "reset_early",
    "unknown_finish",
    "no_finish",
    "no_done",
    "error_event",
    "thinking",
    "stray_close",
    "reasoning_content",
    "controls",
    "whole",
    "empty",
    "deep",
)


class Answer:
    """One streamed answer, with one fault in it."""

    def __init__(self, text: str, fault: str, token_s: float) -> None:
        self._words = [word + " " for word in text.split(" ")]
        self._words[-1] = self._words[-1].rstrip()
        self._fault = fault
        self._token_s = token_s

    async def send(self, writer: asyncio.StreamWriter) -> None:
        """Write headers and body; some faults never return by themselves."""
        if self._fault == "reset_early":
            _reset(writer)
            return
        if self._fault == "slow_first":
            await asyncio.Event().wait()
        kind = {"html": "text/html", "whole": "application/json"}.get(
            self._fault, "text/event-stream; charset=utf-8"
        )
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n".encode())
        writer.write(b"Connection: close\r\n\r\n")
        async for piece in self._body():
            if piece is None:
                _reset(writer)
                return
            writer.write(piece)
            await writer.drain()

    async def _body(self) -> AsyncIterator[bytes | None]:
        whole = getattr(self, f"_{self._fault}", None)
        for piece in whole() if whole is not None else self._good():
            yield piece
            if self._token_s or self._fault.startswith("endless"):
                await asyncio.sleep(self._token_s)
        if self._fault in {"stall", "no_done"}:
            await asyncio.Event().wait()

    def _good(self) -> Iterator[bytes]:
        for word in self._words:
            yield _delta({"content": word})
        yield _delta({}, finish="stop")
        yield b"data: [DONE]\n\n"

    def _stall(self) -> Iterator[bytes]:
        for word in self._words[:3]:
            yield _delta({"content": word})

    def _no_done(self) -> Iterator[bytes]:
        yield from list(self._good())[:-1]

    def _broken_sse(self) -> Iterator[bytes]:
        yield b': a comment\n\nevent: x\ndata\n\ndata: {"choices": [\n\nnonsense\n\n'
        for word in self._words:
            whole = _delta({"content": word}).replace(b"\n\n", b"\r\n\r\n")
            yield whole[:11]
            yield whole[11:]
            yield b"data: {broken\r\n\r\ndata: 17\n\n"
        yield b"data: [DONE]\n\n"

    def _half_utf8(self) -> Iterator[bytes]:
        raw = _delta({"content": "caf\u00e9 \u4f60\u597d "}, ascii_only=False)
        for index in range(len(raw)):
            yield raw[index : index + 1]
        yield raw.replace("\u00e9".encode(), b"\xc3").replace("\u4f60".encode(), b"\xe4\xbd")
        yield b"data: [DONE]\n\n"

    def _half_emoji(self) -> Iterator[bytes]:
        yield _delta({"content": "Yes \ud83d"})
        yield _delta({"content": "\ude00 indeed"})
        yield b"data: [DONE]\n\n"

    def _huge_token(self) -> Iterator[bytes]:
        yield _delta({"content": "Before. "})
        yield _delta({"content": "A" * (1 << 20)})
        yield _delta({"content": "After."})
        yield b"data: [DONE]\n\n"

    def _html(self) -> Iterator[bytes]:
        yield b"<!doctype html><html><body>Log in</body></html>"

    def _null_deltas(self) -> Iterator[bytes]:
        yield b'data: {"choices": null}\n\ndata: {"choices": []}\n\n'
        yield b'data: {"choices": [{"delta": null}]}\n\ndata: null\n\n'
        yield _delta({"content": None, "role": "assistant"})
        yield _delta({"content": 17})
        yield from self._good()

    def _endless(self) -> Iterator[bytes]:
        while True:
            yield _delta({"content": "and so on "})

    def _endless_garbage(self) -> Iterator[bytes]:
        while True:
            yield b"\x00\xff" * 40_000

    def _reset(self) -> Iterator[bytes | None]:
        yield from self._stall()
        yield None

    def _unknown_finish(self) -> Iterator[bytes]:
        yield from list(self._good())[:-2]
        yield _delta({}, finish={"why": ["odd"]})
        yield b"data: [DONE]\n\n"

    def _no_finish(self) -> Iterator[bytes]:
        yield from list(self._good())[:-2]

    def _error_event(self) -> Iterator[bytes]:
        yield _delta({"content": "Well, "})
        yield b'event: error\ndata: {"error": {"code": "oom", "message": "SECRET PROSE"}}\n\n'

    def _thinking(self) -> Iterator[bytes]:
        for token in ("<th", "ink>The user wants ", "x < y", "</thi", "nk>", "\n\n"):
            yield _delta({"content": token})
        yield from self._good()

    def _stray_close(self) -> Iterator[bytes]:
        for token in ("The user ", "wants something. ", "</think>", "\n\n"):
            yield _delta({"content": token})
        yield from self._good()

    def _reasoning_content(self) -> Iterator[bytes]:
        yield _delta({"reasoning_content": "The user wants ", "content": None})
        yield _delta({"reasoning": "an animal", "content": ""})
        yield from self._good()

    def _controls(self) -> Iterator[bytes]:
        yield _delta({"content": "\x1b[31mred\x07 \u202eline\r\nnext\u0000\ufeff"})
        yield b"data: [DONE]\n\n"

    def _whole(self) -> Iterator[bytes]:
        message = {"role": "assistant", "content": "".join(self._words)}
        yield json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).encode()

    def _empty(self) -> Iterator[bytes]:
        yield _delta({}, finish="stop")
        yield b"data: [DONE]\n\n"

    def _deep(self) -> Iterator[bytes]:
        yield b"data: " + b"[" * 100_000 + b"\n\n"
        yield from self._good()


def _delta(delta: dict[str, Any], finish: object = None, *, ascii_only: bool = True) -> bytes:
    event = {"id": "x", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    return f"data: {json.dumps(event, ensure_ascii=ascii_only)}\n\n".encode()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close so that the client sees a reset instead of an end."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
