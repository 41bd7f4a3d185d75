"""A small OpenAI-compatible server on loopback, with every fault of the wild switchable.

By hand:
`python -m streamtalk.cli.chaos.llm_server --port 1234 --fault stall --text "Hello there."`,
and while it runs `curl -X POST 127.0.0.1:1234/fault -d none`.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final

from streamtalk.cli.chaos.connections import Connections, in_thread, read_request
from streamtalk.cli.chaos.llm_answers import STREAM_FAULTS, Answer

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
        self._connections = Connections(self._handle)

    @property
    def base_url(self) -> str:
        """What goes into `llm.base_url`."""
        return f"http://127.0.0.1:{self.port}/v1"

    @asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator["LlmServer"]:
        """Serve within the running loop."""
        async with self._connections.serving(port) as self.port:
            yield self

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, path, headers, body = await read_request(reader)
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
    with in_thread(lambda: server.running(port)):
        yield server


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
