"""The asyncio thread in which language models stream, beside the conversation's own thread."""

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from typing import Any

from streamtalk.orchestrator.ports import ReplyEvents
from streamtalk.proto.errors import EngineError, StreamTalkError


class Thought:
    """One answer that is being streamed; cancelled from the conversation's thread."""

    def __init__(self, events: ReplyEvents, post: Callable[[Callable[[], None]], None]) -> None:
        self._events = events
        self._post = post
        self._cancelled = False
        self.task: asyncio.Task[None] | None = None
        self.stop: Callable[[], None] = lambda: None

    def cancel(self) -> None:
        """Close the stream; nothing more is told."""
        self._cancelled = True
        self.stop()

    def tell(self, what: Callable[[ReplyEvents], None]) -> None:
        """Pass something on, unless it was cancelled meanwhile. Any thread."""
        self._post(lambda: None if self._cancelled else what(self._events))


class ThinkingLoop:
    """Runs from `start` to `close`."""

    def __init__(self, post: Callable[[Callable[[], None]], None], log: logging.Logger) -> None:
        self._post = post
        self._log = log
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="thinking", daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def spawn(self, make: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a coroutine on the loop. Any thread."""
        self._loop.call_soon_threadsafe(lambda: self._keep(make()))

    def stream(self, make: Callable[[], AsyncGenerator[str, None]], events: ReplyEvents) -> Thought:
        """Iterate over the texts that `make()` yields and pass each on."""
        thought = Thought(events, self._post)

        def begin() -> None:
            thought.task = self._keep(self._pass_on(make, thought))

        def stop() -> None:
            self._loop.call_soon_threadsafe(lambda: thought.task and thought.task.cancel())

        thought.stop = stop
        self._loop.call_soon_threadsafe(begin)
        return thought

    def close(self) -> None:
        """Cancel everything and end the thread."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(2.0)

    def _keep(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _pass_on(
        self, make: Callable[[], AsyncGenerator[str, None]], thought: Thought
    ) -> None:
        try:
            async with aclosing(make()) as texts:
                async for text in texts:
                    thought.tell(lambda events, text=text: events.on_text(text))  # type: ignore[misc]
        except StreamTalkError as error:
            thought.tell(lambda events, error=error: events.on_failed(error))  # type: ignore[misc]
        except Exception as error:  # noqa: BLE001 — a client is foreign code
            self._log.exception("thinking failed")
            wrapped = EngineError(f"the language model's client failed: {type(error).__name__}")
            thought.tell(lambda events: events.on_failed(wrapped))
        else:
            thought.tell(lambda events: events.on_end())

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            for task in self._tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()
