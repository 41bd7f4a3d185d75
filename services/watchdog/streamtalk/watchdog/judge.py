"""Who hangs: a verdict on each process from its answers to probes; no I/O, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from streamtalk.proto.health import Failure, Health
from streamtalk.runtime.looks import WAKING_NS, Looks

COUNTED_NS: Final = 500_000_000
"""At most so much of one round counts as silence: the rest was our own lateness."""

OVERDUE_MS: Final = 900.0
"""A call must be seen past its budget, and again so much later by the instance's own clock."""

SLOWEST_RETRY: Final = 16
"""An instance that fails to load again and again is tried up to so many times more rarely."""

Reason = Literal["silent", "over_budget", "unregistered", "failed", "not_loaded"]


@dataclass(frozen=True)
class Limits:
    """How long a process may be silent."""

    silent_ns: int
    start_ns: int
    failed_ns: int
    """How long its work may stay wrong before a fresh process is tried."""

    retry_ns: int
    """The same for one whose model did not load; each further time twice as long."""


@dataclass(frozen=True)
class Verdict:
    """A process that has to be killed, and why."""

    slot: str
    pid: int
    reason: Reason
    detail: str


@dataclass
class Vitals:
    """What is known of one process."""

    slot: str
    pid: int
    endpoint: str = ""
    answered: bool = False
    loading: bool = True
    silent_ns: int = 0
    """Counted time since it last answered, or since it was first looked for."""

    why: str = ""
    """What a failed one says is wrong."""

    doing: str = ""
    busy_ms: float = 0.0
    failure: Failure = ""
    failed_ns: int = 0
    """Counted time for which it has said so."""

    retries: int = 0
    """Processes of the slot before this one, without one that was ready, that did not load."""

    overdue_from_ms: float | None = None
    """`busy_ms` when the running call was first seen past its budget."""

    def take(self, health: Health) -> None:
        """Note an answer."""
        self.answered, self.silent_ns = True, 0
        self.loading = health.instance.state == "loading"
        self.doing, self.busy_ms = health.doing, health.busy_ms
        if health.failure != self.failure:
            self.failure, self.failed_ns = health.failure, 0
        self.why = health.instance.reason if self.failure else ""
        if health.instance.ready:
            self.retries = 0
        if health.busy_ms <= health.budget_ms:
            self.overdue_from_ms = None
        elif self.overdue_from_ms is None or health.busy_ms < self.overdue_from_ms:
            self.overdue_from_ms = health.busy_ms

    def reset(self) -> None:
        """Forget what counts against it."""
        self.silent_ns, self.failed_ns, self.overdue_from_ms = 0, 0, None

    def wake(self) -> None:
        """Forget it, and give time to wake up."""
        self.silent_ns, self.failed_ns, self.overdue_from_ms = -WAKING_NS, -WAKING_NS, None

    def grow(self, counted_ns: int, *, findable: bool) -> None:
        """Let time pass; `findable`: whether it would be heard if it spoke."""
        if findable:
            self.silent_ns += counted_ns
        if self.failure:
            self.failed_ns += counted_ns

    def successor(self, pid: int) -> "Vitals":
        """The clean slate of the next process of the slot."""
        return Vitals(self.slot, pid, retries=self.retries + (self.failure == "load"))

    def verdict(self, limits: Limits) -> Verdict | None:
        """Why it has to be killed, or None."""
        if self.overdue_from_ms is not None and self.busy_ms - self.overdue_from_ms >= OVERDUE_MS:
            detail = f"{self.doing} has been running for {self.busy_ms / 1e3:.1f} s"
            return Verdict(self.slot, self.pid, "over_budget", detail)
        if self.failure:
            return self._failed(limits)
        return self._silent(limits)

    def _failed(self, limits: Limits) -> Verdict | None:
        rarely = min(2**self.retries, SLOWEST_RETRY)
        loaded = self.failure == "work"
        allowed_ns = limits.failed_ns if loaded else limits.retry_ns * rarely
        if self.failed_ns < allowed_ns:
            return self._silent(limits)
        reason: Reason = "failed" if loaded else "not_loaded"
        return Verdict(self.slot, self.pid, reason, self.why)

    def _silent(self, limits: Limits) -> Verdict | None:
        patient = self.loading or not self.answered
        allowed_ns = limits.start_ns if patient else limits.silent_ns
        if self.silent_ns < allowed_ns:
            return None
        detail = f"nothing heard for {self.silent_ns / 1e9:.1f} s"
        reason: Reason = "silent" if self.endpoint else "unregistered"
        return Verdict(self.slot, self.pid, reason, detail)


class Judge:
    """Watches the processes that supervisord runs."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._vitals: dict[str, Vitals] = {}
        self._last_ns: int | None = None
        self._looks = Looks()

    def see(self, running: Mapping[str, int]) -> None:
        """Take the process id of each slot that runs; a new process begins with a clean slate."""
        known = self._vitals
        self._vitals = {
            slot: _kept(known[slot], pid) if slot in known else Vitals(slot, pid)
            for slot, pid in running.items()
        }

    def locate(self, slot: str, pid: int, endpoint: str, *, loading: bool) -> None:
        """Note where a process listens; the word of an earlier process of the slot is ignored.

        Who has told the registry that it serves needs no more time to begin.
        """
        vitals = self._vitals.get(slot)
        if vitals is None or vitals.pid != pid:
            return
        if vitals.endpoint != endpoint:
            vitals.endpoint, vitals.silent_ns = endpoint, 0
        if not loading and not vitals.answered:
            vitals.answered, vitals.loading, vitals.silent_ns = True, False, 0

    def locate_slot(self, slot: str, endpoint: str) -> None:
        """Note a well-known place, where whoever runs in the slot listens."""
        vitals = self._vitals.get(slot)
        if vitals is not None and not vitals.endpoint:
            vitals.endpoint = endpoint

    def endpoints(self) -> list[str]:
        """Where to probe."""
        return [vitals.endpoint for vitals in self._vitals.values() if vitals.endpoint]

    def hear(self, health: Health) -> None:
        """Take an answer; one of a process that is gone says nothing about the one that runs."""
        vitals = self._vitals.get(health.instance.slot)
        if vitals is not None and vitals.pid == health.instance.pid:
            vitals.take(health)

    def judge(self, now_ns: int, *, directory_fresh: bool) -> list[Verdict]:
        """Let time pass; returns whom to kill, each once until it has hung for as long again.

        Who is not in the directory is waited for only while there is a directory to be in.
        """
        elapsed_ns = 0 if self._last_ns is None else now_ns - self._last_ns
        self._last_ns = now_ns
        if self._looks.look(now_ns):
            for vitals in self._vitals.values():
                vitals.wake()
            return []
        return self._pass(min(elapsed_ns, COUNTED_NS), directory_fresh=directory_fresh)

    def _pass(self, counted_ns: int, *, directory_fresh: bool) -> list[Verdict]:
        verdicts = []
        for vitals in self._vitals.values():
            vitals.grow(counted_ns, findable=bool(vitals.endpoint) or directory_fresh)
            verdict = vitals.verdict(self._limits)
            if verdict is not None:
                vitals.reset()
                verdicts.append(verdict)
        return verdicts


def _kept(vitals: Vitals, pid: int) -> Vitals:
    return vitals if vitals.pid == pid else vitals.successor(pid)
