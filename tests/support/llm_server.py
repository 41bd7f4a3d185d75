"""A small OpenAI-compatible server on loopback, with every fault of the wild switchable.

By hand: `python -m tests.support.llm_server --port 1234 --fault stall --text "Hello there."`,
and while it runs `curl -X POST 127.0.0.1:1234/fault -d none`.
"""

import argparse
import asyncio
import json
import socket
import struct
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final

TEXT: Final = "The quick brown fox jumps over the lazy dog."
STATUS_FAULTS: Final = {
    "unauthorized": (401, "invalid_api_key"),
    "no_model": (404, "model_not_found"),
    "rate_limited": (429, "rate_limit_exceeded"),
    "failing": (500, "internal_error"),
    "unavailable": (503, "overloaded"),
    "context": (400, "context_length_exceeded"),
    "redirect": (302, "moved"),
    "bad_request": (400, "invalid_request_error"),
}
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
FAULTS: Final = ("none", *STATUS_FAULTS, *STREAM_FAULTS)

Send = Callable[[bytes], Coroutine[Any, Any, None]]


class LlmServer:
    """Answers `/v1/models` and `/v1/chat/completions`; faults may be changed while it runs."""

    def __init__(self, text: str = TEXT, fault: str = "none") -> None:
        self.text = text
        self.fault = fault
        self.faults: list[str] = []
        """Faults of the next requests, one each; then `fault` again."""

        self.models = ["text-embedding-nomic", "tiny-chat"]
        self.token_s = 0.0
        self.context_chars = 1_000_000
        """Longer prompts are refused as a context overflow."""

        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        """The `Authorization` header of each request, `/models` included."""

        self.open = 0
        """Chat requests that are being answered now."""

        self.open_before: list[int] = []
        """How many were being answered when each chat request came."""

        self.gate = asyncio.Event()
        """While it is cleared, chat requests wait."""

        self.gate.set()
        self._changed = asyncio.Condition()
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def base_url(self) -> str:
        """What goes into `llm.base_url`."""
        return f"http://127.0.0.1:{self.port}/v1"

    @asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator["LlmServer"]:
        """Serve within the running loop."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._handle(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        method, path, _ = first.split(" ")
        headers = {k.lower(): v.strip() for k, _, v in (ln.partition(":") for ln in lines if ln)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        if path == "/fault" and method == "POST":
            self.fault = body.decode().strip()
            await _reply(writer, 200, {"fault": self.fault})
            return
        self.keys.append(headers.get("authorization", ""))
        if path == "/v1/models":
            listed = [{"id": model, "object": "model"} for model in self.models]
            await _reply(writer, 200, {"object": "list", "data": listed})
        elif path == "/v1/chat/completions":
            self.requests.append(json.loads(body))
            self.open_before.append(self.open)
            await self._count(self._chat(self.requests[-1], reader, writer))
        else:
            await _reply(writer, 404, {"error": {"code": "no_such_path"}})

    async def until_open(self, count: int) -> None:
        """Wait until exactly so many chat requests are being answered."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.open == count)

    async def until_asked(self, count: int) -> None:
        """Wait until at least so many chat requests have come."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.requests) >= count)

    async def _count(self, answer: Coroutine[Any, Any, None]) -> None:
        await self._add_open(1)
        try:
            await answer
        finally:
            await self._add_open(-1)

    async def _add_open(self, change: int) -> None:
        async with self._changed:
            self.open += change
            self._changed.notify_all()

    async def _chat(
        self, request: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await self.gate.wait()
        fault = self.faults.pop(0) if self.faults else self.fault
        prompt_chars = sum(len(m["content"]) for m in request["messages"])
        if prompt_chars > self.context_chars:
            fault = "context"
        if fault in STATUS_FAULTS:
            status, code = STATUS_FAULTS[fault]
            await _reply(writer, status, {"error": {"code": code, "message": "SECRET PROSE"}})
            return
        await _until_gone(Answer(self.text, fault, self.token_s).send(writer), reader)


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


async def _reply(writer: asyncio.StreamWriter, status: int, body: dict[str, Any]) -> None:
    raw = json.dumps(body).encode()
    writer.write(f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n".encode())
    writer.write(f"Content-Length: {len(raw)}\r\nConnection: close\r\n\r\n".encode() + raw)
    await writer.drain()


async def _until_gone(answer: Coroutine[Any, Any, None], reader: asyncio.StreamReader) -> None:
    """Run `answer`, and stop it as soon as the client hangs up."""
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(answer), loop.create_task(_hung_up(reader))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _hung_up(reader: asyncio.StreamReader) -> None:
    while await reader.read(1024):
        pass


@contextmanager
def serving(server: LlmServer, port: int = 0) -> Iterator[LlmServer]:
    """Serve in a thread of its own, for tests that are not asynchronous."""
    ready = threading.Event()
    handle: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def main() -> None:
        stop = asyncio.Event()
        async with server.running(port):
            handle.append((asyncio.get_running_loop(), stop))
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(main()), name="llm-server")
    thread.start()
    if not ready.wait(10):
        raise RuntimeError("the server did not start")
    try:
        yield server
    finally:
        loop, stop = handle[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def main(arguments: list[str]) -> None:
    """Serve until interrupted; the first line on stdout is the base URL."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--fault", choices=FAULTS, default="none")
    parser.add_argument("--text", default=TEXT)
    parser.add_argument("--token-ms", type=float, default=0.0)
    options = parser.parse_args(arguments)

    async def forever() -> None:
        server = LlmServer(options.text, options.fault)
        server.token_s = options.token_ms / 1000
        async with server.running(options.port):
            sys.stdout.write(server.base_url + "\n")
            sys.stdout.flush()
            await asyncio.Event().wait()

    with suppress(KeyboardInterrupt):
        asyncio.run(forever())


if __name__ == "__main__":
    main(sys.argv[1:])
