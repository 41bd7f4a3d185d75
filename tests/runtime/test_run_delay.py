"""A call that waits for a processor is not held to have hung; one that hangs is."""

import hashlib
import logging
import os
import queue
import sys
import threading
from collections.abc import Callable

import pytest

from streamtalk.runtime.engine_thread import EngineThread, Job
from streamtalk.runtime.run_delay import PATIENCE, run_delay_ns, working_ms

pytestmark = pytest.mark.unit

MS = 1_000_000


@pytest.mark.parametrize(
    "elapsed_ms, delay_ms, counted_ms",
    [(80, 0, 80), (300, 250, 50), (500, 400, 200), (90, 120, 0), (90, -5, 90)],
)
def test_wait_for_a_processor_is_forgiven(
    elapsed_ms: int, delay_ms: int, counted_ms: float
) -> None:
    """Up to three budgets, here of 100 ms each; never more than has passed."""
    assert working_ms(elapsed_ms * MS, delay_ms * MS, 100.0) == counted_ms


def test_call_that_never_ends_is_found_whatever_it_waited_for() -> None:
    """At the latest after its budget and the patience with it."""
    elapsed_ns = int((1 + PATIENCE) * 100.0 * MS) + 1
    assert working_ms(elapsed_ns, elapsed_ns, 100.0) > 100.0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_delay_grows_when_threads_outnumber_processors() -> None:
    """Two threads that want the one processor that they may use: one waits while the other runs."""
    one = {min(os.sched_getaffinity(0))}
    found, stop = queue.Queue[tuple[int, int]](), threading.Event()

    def spin() -> None:
        os.sched_setaffinity(0, one)
        me = threading.get_native_id()
        before_ns = run_delay_ns(me)
        while run_delay_ns(me) == before_ns and not stop.is_set():
            hashlib.sha256(bytes(1 << 20))  # without the GIL: both can run
        found.put((before_ns, run_delay_ns(me)))

    threads = [threading.Thread(target=spin) for _ in range(2)]
    for thread in threads:
        thread.start()
    grown = [found.get(timeout=20) for _ in threads]
    stop.set()
    for thread in threads:
        thread.join()
    assert all(after_ns > before_ns for before_ns, after_ns in grown)


def test_unknown_thread_has_no_delay() -> None:
    """As on systems that do not count it."""
    assert run_delay_ns(0) == 0


def test_engine_that_waits_for_a_processor_is_not_hung() -> None:
    """The delay since the call began is taken from its time; what there was before it is not."""
    delays_ns = [7_000 * MS]
    thread = EngineThread(
        4, queue.Queue[Callable[[], None]]().put, logging.getLogger(), 0, lambda _: delays_ns[0]
    )
    entered, gate = threading.Event(), threading.Event()

    def run() -> None:
        entered.set()
        gate.wait(10)

    thread.start()
    thread.submit(Job("job", 1e9, run, lambda _: None, lambda _: None))
    assert entered.wait(10)
    worked_ms = thread.activity.busy_ms
    delays_ns[0] += 3_600_000 * MS
    waited_ms = thread.activity.busy_ms
    gate.set()
    assert thread.close(10.0)
    assert worked_ms > 0.0
    assert waited_ms == 0.0
