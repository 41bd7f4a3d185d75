"""A thread that looks at supervisord and gives it orders, so that nobody else waits for it."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal

from streamtalk.client.rundir import RunDir
from streamtalk.proto.directory import MODEL_SERVICES
from streamtalk.proto.errors import StreamTalkError
from streamtalk.runtime.process import STACK_SIGNAL
from streamtalk.runtime.supervision import ProcessState, Supervisor
from streamtalk.runtime.swap_lock import swap_in_progress

_PERIOD_S: Final = 1.0
_STALE_S: Final = 10.0
"""An order that had to wait so long rests on what is no longer known to be true."""

_STACK_S: Final = 0.5
_STACK_POLL_S: Final = 0.02


@dataclass(frozen=True)
class Look:
    """What supervisord says, and which services are being swapped."""

    processes: list[ProcessState]
    swapping: frozenset[str]


@dataclass(frozen=True)
class Order:
    """What to do with a slot; `kill` only while it holds process `pid`."""

    action: Literal["kill", "start", "stop"]
    slot: str
    pid: int = 0
    reason: str = ""


class SupervisorThread:
    """Looks every second; calls `on_look` and `on_killed` on its own thread."""

    def __init__(
        self,
        run_dir: RunDir,
        on_look: Callable[[Look], None],
        on_killed: Callable[[Order], None],
        log: logging.Logger,
    ) -> None:
        self._supervisor = Supervisor(run_dir)
        self._run_dir = run_dir
        self._on_look = on_look
        self._on_killed = on_killed
        self._log = log
        self._failure = ""
        self._orders: queue.Queue[tuple[float, Order] | None] = queue.Queue()
        self._closing = threading.Event()
        # A daemon: supervisord may be stuck, and leaving must not wait for it.
        self._thread = threading.Thread(target=self._work, name="supervisor", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def order(self, order: Order) -> None:
        """Have it done soon, or not at all. Any thread."""
        self._orders.put((time.monotonic() + _STALE_S, order))

    def close(self) -> None:
        """Stop looking; what was ordered and not begun is dropped."""
        self._closing.set()
        self._orders.put(None)
        self._thread.join(1.0)

    def _work(self) -> None:
        due_s = time.monotonic()
        while not self._closing.is_set():
            if time.monotonic() >= due_s:
                self._answers(self._attempt(self._look))
                due_s = time.monotonic() + _PERIOD_S
            try:
                entry = self._orders.get(timeout=max(0.0, due_s - time.monotonic()))
            except queue.Empty:
                continue
            if entry is not None and time.monotonic() < entry[0]:
                self._follow(entry[1])

    def _follow(self, order: Order) -> None:
        failure = self._attempt(partial(self._obey, order))
        if failure:
            fields = {"slot": order.slot, "action": order.action, "reason": failure}
            self._log.warning("order not obeyed", extra={"fields": fields})

    def _attempt(self, work: Callable[[], None]) -> str:
        """Returns why it failed, or an empty string."""
        try:
            work()
        except StreamTalkError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 — the boundary of the thread
            self._log.exception("the line to supervisord failed; it goes on")
            return type(error).__name__
        return ""

    def _answers(self, failure: str) -> None:
        if failure != self._failure:
            self._failure = failure
            event = "cannot look at supervisord" if failure else "supervisord answers"
            self._log.warning(event, extra={"fields": {"reason": failure}})

    def _look(self) -> None:
        swapping = {name for name in MODEL_SERVICES if swap_in_progress(self._run_dir, name)}
        self._on_look(Look(self._supervisor.processes(), frozenset(swapping)))

    def _obey(self, order: Order) -> None:
        if order.action == "start":
            self._supervisor.start(order.slot)
        elif order.action == "stop":
            self._supervisor.stop(order.slot)
        elif self._supervisor.process(order.slot).pid == order.pid:
            self._dump_stacks(order.slot)
            self._supervisor.signal(order.slot, "KILL")
            self._on_killed(order)

    def _dump_stacks(self, slot: str) -> None:
        """Have the process write where it hangs; one that is stopped cannot."""
        path = self._run_dir.logs / f"{slot}.stack"
        before = last = _size_bytes(path)
        self._supervisor.signal(slot, STACK_SIGNAL.name.removeprefix("SIG"))
        deadline_s = time.monotonic() + _STACK_S
        while time.monotonic() < deadline_s and not self._closing.wait(_STACK_POLL_S):
            size = _size_bytes(path)
            if size > before and size == last:
                return
            last = size


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
