"""One change of engine: the free slot is brought up, made active, tried, and the old one leaves.

A failure before the active record moves changes nothing; while the new one is on trial the old one
is there to go back to; after that the change is completed.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from statistics import median
from typing import Final

from streamtalk.cli.engines import Choice
from streamtalk.cli.signals import uninterrupted
from streamtalk.cli.slots import Slots, check_memory
from streamtalk.cli.stack import Stack
from streamtalk.cli.trial import Trial, TrialLimits
from streamtalk.proto.directory import Directory, Instance
from streamtalk.proto.errors import EngineError, NotReadyError, StreamTalkError
from streamtalk.runtime.config import Table

_WATCH_S: Final = 0.1


@dataclass(frozen=True)
class Plan:
    """What a swap is to do."""

    service: str
    old: list[Instance]
    """The instances of the first rank that are active now."""

    kept: list[str]
    """Active slots of other ranks, which stay: the fallback chain."""

    new: list[str]
    """As many free slots as there are old ones."""

    overlay: Table
    choice: Choice
    cold: bool
    """Stop the old ones first, where memory does not hold both."""

    limits: TrialLimits


def plan(
    slots: Slots,
    directory: Directory,
    choice: Choice,
    table: Table,
    limits: TrialLimits,
    *,
    cold: bool,
) -> Plan:
    """Choose the free slots; raises NotReadyError where there are too few, or too little memory."""
    active = directory.active.get(choice.stage, [])
    serving = [i for i in directory.instances if i.slot in active]
    first = min((i.rank for i in serving), default=0)
    old = [i for i in serving if i.rank == first]
    kept = [slot for slot in active if slot not in {i.slot for i in old}]
    new = slots.free(max(1, len(old)), directory)
    if not cold:
        check_memory(choice.stage, sum(instance.rss_mb for instance in old))
    return Plan(choice.stage, old, kept, new, table, choice, cold, limits)


class Change:
    """Carries out a plan."""

    def __init__(self, stack: Stack, slots: Slots, plan: Plan, wait_s: float) -> None:
        self._stack, self._slots, self._plan = stack, slots, plan
        self._wait_s = wait_s
        self._tell: Callable[[str], None] = slots.tell
        self._old_slots = [instance.slot for instance in plan.old]
        self._rolled_back = False

    def run(self) -> None:
        """Do it all; whatever is raised, exactly the old or exactly the new ones are active."""
        try:
            if self._plan.cold:
                self._slots.stop(self._old_slots)
            self._start_new()
            before_ms = self._median_ms()
            with uninterrupted():
                self._slots.activate([*self._plan.new, *self._plan.kept])
            if not self._plan.cold:
                self._try_out(before_ms)
            with uninterrupted():
                self._retire_old()
        except BaseException:
            if not self._rolled_back:
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
            return set(self._plan.new) <= set(self._slots.active())
        except StreamTalkError:
            return False

    def _start_new(self) -> None:
        for slot in self._plan.new:
            self._tell(f"starting {slot} with {self._plan.choice.engine}")
            self._slots.start(slot, self._plan.overlay)
        for slot in self._plan.new:
            self._check_engine(self._slots.await_ready(slot, self._wait_s))

    def _check_engine(self, instance: Instance) -> None:
        wanted = self._plan.choice.engine
        if ":" not in wanted and instance.engine != wanted:
            message = (
                f"{instance.slot} came up with {instance.engine}, not {wanted}: the environment "
                f"of the stack is stronger (STREAMTALK_{self._plan.service.upper()}__ENGINE)"
            )
            raise NotReadyError(message)

    def _median_ms(self) -> float:
        """How long the old ones take for their work."""
        found = self._slots.health(self._old_slots).values()
        known = [h.work.median_ms for h in found if h is not None and h.work.recent]
        return median(known) if known else 0.0

    def _try_out(self, before_ms: float) -> None:
        """Watch the new ones while people talk with them; go back where they do worse."""
        plan = self._plan
        trial = Trial(plan.service, plan.limits, plan.new, before_ms, time.monotonic_ns())
        if not plan.limits.trial_ns or not self._slots.somebody_talks():
            return
        self._tell(f"on trial for up to {plan.limits.trial_ns / 1e9:.0f} s")
        while True:
            found = self._slots.health(plan.new)
            reason = trial.see(found, time.monotonic_ns())
            if reason:
                with uninterrupted():
                    self._roll_back(reason)
            if trial.is_over(found, time.monotonic_ns()):
                return
            time.sleep(_WATCH_S)

    def _roll_back(self, reason: str) -> None:
        known_ns = time.monotonic_ns()
        self._tell(f"{reason}: going back")
        self._slots.activate([*self._old_slots, *self._plan.kept])
        back_ms = (time.monotonic_ns() - known_ns) / 1e6
        self._tell(f"the old one is active again after {back_ms:.0f} ms")
        self._slots.retire(self._plan.new)
        self._rolled_back = True
        raise EngineError(f"{reason}; {', '.join(self._old_slots)} is active again")

    def _retire_old(self) -> None:
        if self._plan.cold:
            self._slots.forget(self._old_slots)
        else:
            self._slots.retire(self._old_slots)

    def _undo(self) -> None:
        self._tell("going back")
        with suppress(StreamTalkError):
            self._slots.stop(self._plan.new)
        self._slots.forget(self._plan.new)
        for slot in self._old_slots if self._plan.cold else []:
            self._stack.supervisor.start(slot)
            self._slots.await_ready(slot, self._wait_s)
