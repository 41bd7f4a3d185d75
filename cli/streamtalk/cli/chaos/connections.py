"""The connections of a small server on loopback: a task for each, and none outlives the server."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from typing import Any, Final

Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]
_CLOSE_S: Final = 1.0
_START_S: Final = 10.0


class Connections:
    """Calls `handle` for every connection; one that breaks or is hung up ends it, without a word.

    `count` says how many there were.
    """

    def __init__(self, handle: Handle) -> None:
        self.count = 0
        self._handle = handle
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._closing = False

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[int]:
        """Serve within the running loop until the block ends; yields the port."""
        self._closing = False
        server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            # Whoever has just come is taken and sent away: a task that never began closes nothing.
            await asyncio.sleep(0)
            self._closing = True
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for writer in self._writers:
                writer.transport.abort()
            await server.wait_closed()
            await asyncio.sleep(0)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.count += 1
        if self._closing:
            writer.close()
            return
        self._writers.add(writer)
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._handle(reader, writer)
        finally:
            writer.close()
            # A client that no longer reads is not waited for: what is left is reset.
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(_CLOSE_S):
                    await writer.wait_closed()
            writer.transport.abort()
            self._writers.discard(writer)


@contextmanager
def in_thread(serving: Callable[[], AbstractAsyncContextManager[object]]) -> Iterator[None]:
    """Have `serving` entered in a thread with a loop of its own, for as long as the block lasts."""
    ready = threading.Event()
    stops: list[Callable[[], object]] = []

    async def main() -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        async with serving():
            stops.append(lambda: loop.call_soon_threadsafe(stop.set))
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(main()), name="small-server")
    thread.start()
    if not ready.wait(_START_S):
        raise RuntimeError("the server did not start")
    try:
        yield
    finally:
        stops[0]()
        thread.join()


async def read_request(reader: asyncio.StreamReader) -> tuple[str, str, dict[str, str], bytes]:
    """Method, path, headers by their names in lower case, and body of one HTTP request."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    method, path, _ = first.split(" ")
    headers = {k.lower(): v.strip() for k, _, v in (ln.partition(":") for ln in lines if ln)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return method, path, headers, body
