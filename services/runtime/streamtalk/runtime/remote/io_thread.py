"""The one thread of an engine that waits for the network, for any number of requests."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final, TypeVar

from streamtalk.proto.errors import EngineError, StreamTalkError
from streamtalk.runtime.remote.inbox import Arrivals, Inbox

T = TypeVar("T")
Put = Callable[[bytes], Awaitable[None]]
"""Hands bytes on; waits while too many of them are not taken."""

_CLOSE_S: Final = 2.0


class Fetch:
    """One answer on its way: what came, and a way to end it at once."""

    def __init__(self, inbox: Inbox, task: "Future[None]") -> None:
        self.inbox = inbox
        self._task: Future[None] | None = task

    def close(self) -> None:
        """Break the connection off if it still stands; harmless when repeated, from any thread."""
        self.inbox.close()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()


class IoThread:
    """An event loop in a daemon thread; everything else here is called from the engine's thread."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._arrivals = Arrivals()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def do(self, work: Coroutine[Any, Any, T], timeout_s: float = _CLOSE_S) -> T:
        """Run something on the loop and return its result; TimeoutError where it takes longer."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(timeout_s)
        finally:
            future.cancel()

    def fetch(self, read: Callable[[Put], Coroutine[Any, Any, None]]) -> Fetch:
        """Begin to read an answer; its bytes, its end or its failure are in the inbox."""
        room = asyncio.Event()

        def has_room() -> None:
            self._loop.call_soon_threadsafe(room.set)

        async def put(raw: bytes) -> None:
            inbox.put(raw)
            while inbox.is_full:
                room.clear()
                await room.wait()

        async def run() -> None:
            try:
                await read(put)
            except StreamTalkError as error:
                inbox.end(error)
            except Exception as error:  # noqa: BLE001 — the thread's boundary: raised on the other
                wrapped = EngineError(f"the request failed: {type(error).__name__}")
                wrapped.__cause__ = error
                inbox.end(wrapped)
            else:
                inbox.end()

        inbox = Inbox(self._arrivals, has_room)
        return Fetch(inbox, asyncio.run_coroutine_threadsafe(run(), self._loop))

    def close(self) -> None:
        """Break everything off and end the thread."""
        if not self._thread.is_alive():
            return
        with suppress(TimeoutError):
            self.do(self._cancel_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CLOSE_S)
        if not self._thread.is_alive():
            self._loop.close()

    async def _cancel_all(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._loop.shutdown_asyncgens()
