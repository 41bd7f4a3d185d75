"""The history for asyncio: blocking SQLite calls in one thread, in the order they were asked."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from streamtalk.orchestrator.history.resilient import ResilientHistory
from streamtalk.orchestrator.history.store import History, wall_clock_ns

P = ParamSpec("P")
T = TypeVar("T")


class HistoryKeeper:
    """Opened once, used by any task: `await keeper.run(History.save_turn, term, row)`."""

    def __init__(
        self,
        path: Path,
        *,
        retention_days: float = 0.0,
        clock: Callable[[], int] = wall_clock_ns,
    ) -> None:
        self._make = partial(ResilientHistory, path, retention_days=retention_days, clock=clock)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="history")
        self._history: ResilientHistory | None = None

    async def open(self) -> None:
        """Open the file; one that cannot be used is replaced by memory, see `notice`."""
        self._history = await self._on_thread(self._make)

    async def run(
        self, action: Callable[Concatenate[History, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do one action; it is done even when the waiting task is cancelled."""
        history = self._opened()
        return await self._on_thread(partial(history.run, action, *args, **kwargs))

    @property
    def notice(self) -> str:
        """What a person should know about the history; empty when all is well."""
        return self._opened().notice

    @property
    def in_memory(self) -> bool:
        """Whether what is said now would be lost with the process."""
        return self._opened().in_memory

    async def close(self) -> None:
        """Finish what was asked and close the file."""
        if self._history is not None:
            await self._on_thread(self._history.close)
        self._thread.shutdown(wait=True)

    def _opened(self) -> ResilientHistory:
        if self._history is None:
            raise RuntimeError("HistoryKeeper.open() comes first")
        return self._history

    async def _on_thread(self, action: Callable[[], T]) -> T:
        future = asyncio.get_running_loop().run_in_executor(self._thread, action)
        return await asyncio.shield(future)
