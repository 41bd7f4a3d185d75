"""The one thread that runs a model, behind a bounded queue."""

import enum
import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from streamtalk.proto.errors import EngineError, OverloadedError, StreamTalkError
from streamtalk.runtime.niceness import ThreadNiceness
from streamtalk.runtime.run_delay import run_delay_ns, working_ms

T = TypeVar("T")

_ENDED: Final = "the engine thread has ended"


class Duty(enum.IntEnum):
    """What goes first, among the jobs of an engine and on the machine."""

    URGENT = 0
    """Somebody hears or sees nothing until it is done."""

    ORDINARY = 1
    BACKGROUND = 2
    """Nobody waits for it: it also gives way to other processes."""


@dataclass(frozen=True)
class Job(Generic[T]):
    """One piece of work for the engine thread."""

    name: str
    budget_ms: float
    """Past this the instance counts as hung; declare it from the size of the input."""

    run: Callable[[], T]
    done: Callable[[T], None]
    failed: Callable[[StreamTalkError], None]
    duty: Duty = Duty.ORDINARY


@dataclass(frozen=True)
class Activity:
    """What the engine thread does at the moment."""

    doing: str
    busy_ms: float
    """The wait of its thread for a processor not counted."""

    budget_ms: float

    @property
    def hung(self) -> bool:
        """Whether the running job is past its budget."""
        return self.busy_ms > self.budget_ms


@dataclass(frozen=True)
class _Running:
    """The job that runs, and where the clocks stood when it began."""

    name: str
    budget_ms: float
    began_ns: int
    delay_ns: int


class EngineThread:
    """Runs jobs one after another; results are posted back to the receive thread."""

    def __init__(
        self,
        limit: int,
        post: Callable[[Callable[[], None]], None],
        log: logging.Logger,
        background_nice: int = 0,
        delay_ns: Callable[[int], int] = run_delay_ns,
    ) -> None:
        self._limit = limit
        self.niceness = ThreadNiceness(background_nice)
        self._post = post
        self._log = log
        self._jobs: list[tuple[Duty, int, Job[Any]]] = []
        self._order = itertools.count()
        self._wake = threading.Condition()
        self._delay_ns = delay_ns
        self._current: _Running | None = None
        self._closing = False
        self._ended_ns: int | None = None
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)
        self.items_done = 0

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def submit(self, job: Job[Any]) -> None:
        """Queue a job; raises OverloadedError when the queue is full."""
        if self._ended_ns is not None:
            raise EngineError(f"{_ENDED}; another instance has to do it")
        with self._wake:
            if len(self._jobs) >= self._limit:
                message = f"{len(self._jobs)} calls are waiting already; try again or elsewhere"
                raise OverloadedError(message)
            heapq.heappush(self._jobs, (job.duty, next(self._order), job))
            if job.duty < Duty.BACKGROUND:
                self.niceness.hurry()
            self._wake.notify()

    @property
    def waiting(self) -> int:
        """Jobs in the queue, the running one not counted."""
        return len(self._jobs)

    @property
    def activity(self) -> Activity:
        """The running job and for how long it has been running."""
        current = self._current
        if self._ended_ns is not None:
            return Activity(_ENDED, (time.monotonic_ns() - self._ended_ns) / 1e6, 0.0)
        if current is None:
            return Activity("", 0.0, 0.0)
        elapsed_ns = time.monotonic_ns() - current.began_ns
        delay_ns = self._delay_ns(self._thread.native_id or 0) - current.delay_ns
        busy_ms = working_ms(elapsed_ns, delay_ns, current.budget_ms)
        return Activity(current.name, busy_ms, current.budget_ms)

    @property
    def idle(self) -> bool:
        """Whether nothing runs and nothing waits."""
        return self._current is None and not self._jobs

    def prolong(self) -> None:
        """The running job has shown that it gets on: its budget counts anew. Engine thread."""
        if self._current is not None:
            self._current = self._began(self._current.name, self._current.budget_ms)

    def close(self, timeout_s: float) -> bool:
        """Let the running job end; returns whether the thread has ended."""
        with self._wake:
            self._closing = True
            self._jobs.clear()
            self._wake.notify()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _work(self) -> None:
        try:
            self._run_all()
        except BaseException:
            self._ended_ns = self._ended_ns or time.monotonic_ns()
            self._log.critical(_ENDED)
            raise

    def _run_all(self) -> None:
        while True:
            with self._wake:
                while not self._jobs and not self._closing:
                    self._wake.wait()
                if self._closing:
                    return
                job = heapq.heappop(self._jobs)[2]
                self._current = self._began(job.name, job.budget_ms)
            self._run(job)

    def _began(self, name: str, budget_ms: float) -> _Running:
        delay_ns = self._delay_ns(threading.get_native_id())
        return _Running(name, budget_ms, time.monotonic_ns(), delay_ns)

    def _run(self, job: Job[Any]) -> None:
        self.niceness.give_way(wanted=job.duty == Duty.BACKGROUND)
        try:
            result = job.run()
        except StreamTalkError as error:
            self._finish(lambda error=error: job.failed(error))  # type: ignore[misc]
        except (Exception, SystemExit) as error:  # noqa: BLE001 — logged; foreign code may raise anything
            self._log.exception("engine failed in %s", job.name)
            wrapped = EngineError(f"{job.name} failed: {type(error).__name__}")
            self._finish(lambda: job.failed(wrapped))
        except BaseException:
            # The thread ends, which must be known before its caller hears of it.
            self._ended_ns = time.monotonic_ns()
            self._finish(lambda: job.failed(EngineError(f"{job.name} failed: {_ENDED}")))
            raise
        else:
            self.items_done += 1
            self._finish(lambda: job.done(result))

    def _finish(self, callback: Callable[[], None]) -> None:
        self._current = None
        self._post(callback)
