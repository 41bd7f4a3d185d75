"""One change of engine: the free slot is brought up, made active, and the old one leaves.

A failure before the active record moves changes nothing; after it the change is completed.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import psutil

from streamtalk.cli import overlay
from streamtalk.cli.engines import Choice
from streamtalk.cli.reach import Reach
from streamtalk.cli.signals import uninterrupted
from streamtalk.cli.stack import Stack
from streamtalk.client.peer import Peer
from streamtalk.proto.directory import Activate, Directory, Instance
from streamtalk.proto.errors import EngineError, NotReadyError, StreamTalkError
from streamtalk.runtime.config import Table

_POLL_S: Final = 0.05
_STOP_S: Final = 30.0
_ACTIVATE_S: Final = 5.0
_SPARE_MB: Final = 100.0
_ENDED: Final = ("STOPPED", "EXITED", "FATAL", "UNKNOWN")


@dataclass(frozen=True)
class Plan:
    """What a swap is to do."""

    service: str
    old: list[Instance]
    """The instances that are active now."""

    new: list[str]
    """As many free slots."""

    overlay: Table
    choice: Choice
    cold: bool
    """Stop the old ones first, where memory does not hold both."""


def plan(stack: Stack, directory: Directory, choice: Choice, table: Table, *, cold: bool) -> Plan:
    """Choose the free slots; raises NotReadyError where there are too few, or too little memory."""
    service = choice.stage
    active = directory.active.get(service, [])
    old = [i for i in directory.instances if i.slot in active]
    used = {p.slot for p in stack.supervisor.processes() if p.wanted} | set(active)
    slots = sorted(p.slot for p in stack.supervisor.processes())
    free = [slot for slot in slots if slot.rpartition("_")[0] == service and slot not in used]
    if len(free) < max(1, len(old)):
        message = f"{service} has no free slot: see `streamtalk status`"
        raise NotReadyError(message)
    needed_mb = sum(instance.rss_mb for instance in old) + _SPARE_MB
    free_mb = psutil.virtual_memory().available / (1 << 20)
    if not cold and free_mb < needed_mb:
        message = (
            f"{free_mb:.0f} MB of memory are free, and a second {service} beside the old one may "
            f"need {needed_mb:.0f}: use --cold, which stops the old one first"
        )
        raise NotReadyError(message)
    return Plan(service, old, free[: max(1, len(old))], table, choice, cold)


class Change:
    """Carries out a plan; `tell` hears each step in words for a person."""

    def __init__(
        self, stack: Stack, reach: Reach, plan: Plan, wait_s: float, tell: Callable[[str], None]
    ) -> None:
        self._stack, self._reach, self._plan = stack, reach, plan
        self._wait_s, self._tell = wait_s, tell
        self._old_slots = [instance.slot for instance in plan.old]

    def run(self) -> None:
        """Do it all; whatever is raised, exactly the old or exactly the new ones are active."""
        try:
            if self._plan.cold:
                self._stop(self._old_slots)
            self._start_new()
            with uninterrupted():
                self._activate()
                self._retire_old()
        except BaseException:
            with uninterrupted():
                self._settle()
            raise

    def _settle(self) -> None:
        """After a failure: complete what has been decided, undo what has not."""
        if self._moved():
            self._retire_old()
        else:
            self._undo()

    def _moved(self) -> bool:
        try:
            return self._reach.directory().active.get(self._plan.service) == self._plan.new
        except StreamTalkError:
            return False

    def _start_new(self) -> None:
        for slot in self._plan.new:
            overlay.write(self._stack.run_dir, slot, self._plan.overlay)
            self._tell(f"starting {slot} with {self._plan.choice.engine}")
            self._stack.supervisor.start(slot)
        for slot in self._plan.new:
            self._check_engine(self._await_ready(slot))

    def _await_ready(self, slot: str) -> Instance:
        """Until the slot's instance has answered its canned request rightly."""
        deadline, told = time.monotonic() + self._wait_s, ""
        while time.monotonic() < deadline:
            state, instance = self._look(slot)
            if instance is not None and instance.ready:
                self._tell(f"{slot} is ready: {instance.engine}, {instance.rss_mb:.0f} MB")
                return instance
            if state not in (told, "starting"):
                self._tell(f"{slot} is {state}")
            told = state
            time.sleep(_POLL_S)
        message = f"{slot} was not ready within {self._wait_s:.0f} s; its log is {self._log(slot)}"
        raise NotReadyError(message)

    def _look(self, slot: str) -> tuple[str, Instance | None]:
        process = self._stack.supervisor.process(slot)
        if process.state in ("FATAL", "EXITED", "BACKOFF"):
            message = f"{slot} does not start: {self._stack.last_words(slot)}"
            raise EngineError(message)
        # Only the process that runs now counts, never what an earlier one left in the directory.
        found = [i for i in self._reach.directory().instances if i.pid == process.pid]
        instance = next((i for i in found if i.slot == slot), None)
        if instance is not None and instance.state == "failed":
            message = f"{slot}: {instance.reason}; its log is {self._log(slot)}"
            raise EngineError(message)
        return (instance.state if instance else "starting"), instance

    def _log(self, slot: str) -> str:
        return str(self._stack.run_dir.logs / f"{slot}.log")

    def _check_engine(self, instance: Instance) -> None:
        wanted = self._plan.choice.engine
        if ":" not in wanted and instance.engine != wanted:
            message = (
                f"{instance.slot} came up with {instance.engine}, not {wanted}: the environment "
                f"of the stack is stronger (STREAMTALK_{self._plan.service.upper()}__ENGINE)"
            )
            raise NotReadyError(message)

    def _activate(self) -> None:
        request = Activate(service=self._plan.service, slots=self._plan.new)
        with Peer(self._reach.context, self._stack.run_dir.registry) as registry:
            registry.call(request, Directory, _ACTIVATE_S)
        self._tell(f"{', '.join(self._plan.new)} is active")

    def _retire_old(self) -> None:
        if not self._plan.cold:
            self._stop(self._old_slots)
        for slot in self._old_slots:
            overlay.remove(self._stack.run_dir, slot)

    def _undo(self) -> None:
        self._tell("going back")
        with suppress(StreamTalkError):
            self._stop(self._plan.new)
        for slot in self._plan.new:
            overlay.remove(self._stack.run_dir, slot)
        for slot in self._old_slots if self._plan.cold else []:
            self._stack.supervisor.start(slot)
            self._await_ready(slot)

    def _stop(self, slots: list[str]) -> None:
        for slot in slots:
            self._stack.supervisor.stop(slot)
        deadline = time.monotonic() + _STOP_S
        while left := [s for s in slots if self._runs(s)]:
            if time.monotonic() > deadline:
                message = f"{', '.join(left)} does not end; see {self._log(left[0])}"
                raise NotReadyError(message)
            time.sleep(_POLL_S)
        for slot in slots:
            self._tell(f"{slot} has ended")

    def _runs(self, slot: str) -> bool:
        return self._stack.supervisor.process(slot).state not in _ENDED
