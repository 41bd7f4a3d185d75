"""The one thread that runs a model: in order, bounded, and never ended by what a model does."""

import logging
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from streamtalk.proto.errors import (
    ConfigError,
    EngineError,
    EngineMissingError,
    LanguageError,
    OverloadedError,
    StreamTalkError,
)
from streamtalk.runtime.engine_table import EngineSpec, create_engine
from streamtalk.runtime.engine_thread import Duty, EngineThread, Job

pytestmark = pytest.mark.unit


class Bench:
    """An engine thread, and what was posted back."""

    def __init__(self, limit: int = 4) -> None:
        self.posted: queue.Queue[Callable[[], None]] = queue.Queue()
        self.thread = EngineThread(limit, self.posted.put, logging.getLogger("bench"), 5)
        self.results: list[Any] = []
        self.errors: list[StreamTalkError] = []
        self.gate = threading.Event()
        self.entered = threading.Event()

    def submit(self, run: Callable[[], Any], duty: Duty = Duty.ORDINARY) -> None:
        """Queue a job."""
        job = Job("job", 1e9, run, self.results.append, self.errors.append, duty)
        self.thread.submit(job)

    def block(self) -> None:
        """Keep the thread busy until the gate opens; returns when it is."""

        def run() -> str:
            self.entered.set()
            self.gate.wait(10)
            return "gate"

        self.submit(run)
        assert self.entered.wait(10)

    def take(self, count: int) -> None:
        """Run what was posted back, as the receive thread would."""
        for _ in range(count):
            self.posted.get(timeout=10)()


@pytest.fixture(name="bench")
def _bench() -> Iterator[Bench]:
    bench = Bench()
    bench.thread.start()
    yield bench
    bench.gate.set()
    assert bench.thread.close(10.0)


def test_jobs_go_by_their_duty(bench: Bench) -> None:
    """Urgent ones first, those that nobody waits for last; within each kind the order is kept."""
    bench.block()
    bench.submit(lambda: "whenever", Duty.BACKGROUND)
    bench.submit(lambda: "ordinary")
    bench.submit(lambda: "urgent 1", Duty.URGENT)
    bench.submit(lambda: "urgent 2", Duty.URGENT)
    bench.gate.set()
    bench.take(5)
    assert bench.results == ["gate", "urgent 1", "urgent 2", "ordinary", "whenever"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has niceness by thread")
def test_background_jobs_give_way_to_other_processes(bench: Bench) -> None:
    """Their thread alone is nicer while they run; threads that a library begins are levelled."""

    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    ordinary = niceness()
    if not bench.thread.niceness.effective:
        pytest.skip("this user may not take niceness back")
    for duty in (Duty.BACKGROUND, Duty.URGENT, Duty.BACKGROUND):
        bench.submit(niceness, duty)
        bench.take(1)
    bench.submit(bench.thread.niceness.level)
    bench.submit(niceness)
    bench.take(2)
    assert bench.results == [ordinary + 5, ordinary, ordinary + 5, None, ordinary]
    assert niceness() == ordinary


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has niceness by thread")
def test_background_job_that_somebody_waits_behind_no_longer_gives_way(bench: Bench) -> None:
    """A partial transcript must not hold the final one up for the sake of other processes."""
    if not bench.thread.niceness.effective:
        pytest.skip("this user may not take niceness back")
    threads: list[int] = []

    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threads[0])

    def run() -> None:
        threads.append(threading.get_native_id())
        bench.entered.set()
        bench.gate.wait(10)

    bench.submit(run, Duty.BACKGROUND)
    assert bench.entered.wait(10)
    seen = [niceness()]
    bench.submit(niceness, Duty.BACKGROUND)
    seen.append(niceness())
    bench.submit(niceness, Duty.URGENT)
    seen.append(niceness())
    bench.gate.set()
    bench.take(3)
    ordinary = os.getpriority(os.PRIO_PROCESS, 0)
    assert seen == [ordinary + 5, ordinary + 5, ordinary]
    assert bench.results == [None, ordinary, ordinary + 5]


def test_queue_is_bounded(bench: Bench) -> None:
    """The fifth that waits is refused, and those that wait are not harmed."""
    bench.block()
    for _ in range(4):
        bench.submit(lambda: 1)
    with pytest.raises(OverloadedError, match="4 calls are waiting"):
        bench.submit(lambda: 1)
    bench.gate.set()
    bench.take(5)
    assert bench.thread.items_done == 5


def _leave() -> None:
    sys.exit(3)


FAILURES = [
    (lambda: (_ for _ in ()).throw(LanguageError("zh")), LanguageError, "zh"),
    (lambda: 1 / 0, EngineError, "job failed: ZeroDivisionError"),
    (lambda: int("x"), EngineError, "job failed: ValueError"),
    (_leave, EngineError, "job failed: SystemExit"),
]


@pytest.mark.parametrize("run,kind,said", FAILURES)
def test_what_an_engine_raises_fails_its_job_only(
    bench: Bench, run: Callable[[], Any], kind: type[StreamTalkError], said: str
) -> None:
    """Our errors stay what they are, others are wrapped, and the next job runs."""

    def fail() -> Any:  # noqa: ANN401
        return next(run()) if kind is LanguageError else run()

    bench.submit(fail)
    bench.submit(lambda: "next")
    bench.take(2)
    assert [(type(e), str(e)) for e in bench.errors] == [(kind, said)]
    assert bench.results == ["next"]


def test_activity_tells_what_runs_and_for_how_long(bench: Bench) -> None:
    """A job past its budget counts as hung; an idle thread never does."""
    assert (bench.thread.activity.doing, bench.thread.activity.hung) == ("", False)
    started = threading.Event()

    def run() -> None:
        started.set()
        bench.gate.wait(10)

    job = Job("slow", 0.0, run, bench.results.append, bench.errors.append)
    bench.thread.submit(job)
    assert started.wait(10)
    activity = bench.thread.activity
    assert (activity.doing, activity.hung, bench.thread.idle) == ("slow", True, False)
    bench.gate.set()
    bench.take(1)
    assert bench.thread.idle


def test_job_that_gets_on_is_given_its_budget_anew(bench: Bench) -> None:
    """What it has taken until it says so no longer counts."""
    seen: list[float] = []

    def run() -> None:
        while bench.thread.activity.busy_ms < 200.0:
            pass
        seen.append(bench.thread.activity.busy_ms)
        bench.thread.prolong()
        seen.append(bench.thread.activity.busy_ms)

    bench.submit(run)
    bench.take(1)
    assert seen[1] < seen[0]


def test_close_waits_for_the_running_job_only(bench: Bench) -> None:
    """What waits is dropped, and a job that does not end is told."""
    bench.block()
    bench.submit(lambda: "dropped")
    assert not bench.thread.close(0.01)
    bench.gate.set()
    assert bench.thread.close(10.0)
    bench.take(1)
    assert bench.results == ["gate"]


TABLE = {
    "there": EngineSpec("fractions:Fraction"),
    "missing": EngineSpec("nothing:Nothing", requires=("no_such_module",), extra="whisper"),
    "broken": EngineSpec("fractions:NoSuchClass"),
}


def test_engine_is_called_with_its_settings() -> None:
    """By name from the table, or by its own module and class."""
    assert create_engine("asr", TABLE, "there", "1/2") == create_engine(
        "asr", TABLE, "fractions:Fraction", "2/4"
    )


def test_engine_that_is_not_installed_names_the_extra() -> None:
    """The message is a command that helps."""
    with pytest.raises(EngineMissingError, match="no_such_module: make setup EXTRAS=whis"):
        create_engine("asr", TABLE, "missing", None)


@pytest.mark.parametrize("name", ["broken", "nothing:Engine", "fractions:Nothing"])
def test_engine_that_cannot_be_imported_is_told(name: str) -> None:
    """Also one of the person's own."""
    with pytest.raises(EngineMissingError, match="cannot be imported"):
        create_engine("asr", TABLE, name, None)


def test_unknown_engine_names_those_there_are() -> None:
    """A misspelt name is a mistake of the configuration."""
    with pytest.raises(ConfigError, match="choose one of broken, missing, there"):
        create_engine("asr", TABLE, "ther", None)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_thread_that_has_ended_says_so(bench: Bench) -> None:
    """Its caller hears of it, it counts as hung, and nothing is queued that nobody would do."""

    def end() -> None:
        raise KeyboardInterrupt

    hung = [bench.thread.activity.hung]
    bench.submit(end)
    bench.take(1)
    hung.append(bench.thread.activity.hung)
    assert [str(error) for error in bench.errors] == ["job failed: the engine thread has ended"]
    assert hung == [False, True]
    with pytest.raises(EngineError, match="has ended"):
        bench.submit(end)
