"""What a test left behind: ZeroMQ contexts and sockets, processes, threads."""

import gc
import threading
from collections.abc import Callable, Iterable
from typing import Any

import psutil
import zmq

GRACE_S = 3.0
"""How long something that is already ending may take to be gone."""


class Leaks:
    """Compares what exists after a test with what existed before it."""

    def __init__(
        self,
        contexts: Iterable[zmq.Context[Any]],
        threads: Callable[[], list[threading.Thread]],
        children: Callable[..., list[psutil.Process]],
    ) -> None:
        self._contexts = contexts
        self._threads = threads
        self._children = children
        self._before_sockets = {id(thing) for thing in self._open()}
        self._before_threads = set(threads())
        self._before_children = set(children(recursive=True))

    def after(self) -> list[str]:
        """One phrase for each thing that is there now and was not before; processes are killed."""
        return [*self._left_processes(), *self._left_threads(), *self._left_sockets()]

    def _open(self) -> list[Any]:
        contexts = [context for context in self._contexts if not context.closed]
        sockets = [s for context in contexts for s in context._sockets if not s.closed]
        return [*contexts, *sockets]

    def _left_processes(self) -> list[str]:
        left = [p for p in self._children(recursive=True) if p not in self._before_children]
        _, alive = psutil.wait_procs(left, timeout=GRACE_S)
        for process in alive:
            process.kill()
        psutil.wait_procs(alive, timeout=GRACE_S)
        return [f"process {process.pid}" for process in alive]

    def _left_threads(self) -> list[str]:
        left = [thread for thread in self._threads() if thread not in self._before_threads]
        for thread in left:
            thread.join(GRACE_S / len(left))
        return [f"thread {thread.name!r}" for thread in left if thread.is_alive()]

    def _left_sockets(self) -> list[str]:
        left = [thing for thing in self._open() if id(thing) not in self._before_sockets]
        if left:
            gc.collect()
            left = [thing for thing in self._open() if id(thing) not in self._before_sockets]
        return [f"{type(thing).__name__.lower()} {thing!r}" for thing in left]
