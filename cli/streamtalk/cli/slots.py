"""Slots of a running stack: started, waited for, made active, stopped, each with a deadline."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import psutil
from rich.console import Console

from streamtalk.cli import overlay
from streamtalk.cli.reach import Reach
from streamtalk.cli.signals import all_as_interrupts
from streamtalk.cli.stack import FETCHING, Stack, doing
from streamtalk.client.peer import Peer
from streamtalk.client.rundir import RunDir
from streamtalk.proto.conversation import ListSessions, Sessions
from streamtalk.proto.directory import Activate, Directory, Instance
from streamtalk.proto.errors import EngineError, NotReadyError, StreamTalkError
from streamtalk.proto.health import Health, Probe
from streamtalk.runtime.config import Table
from streamtalk.runtime.swap_lock import hold_swap_lock

_POLL_S: Final = 0.05
_STOP_S: Final = 30.0
_CALL_S: Final = 2.0
_PROBE_S: Final = 0.5
_REGISTRY_S: Final = 10.0
"""A registry that was killed is back within a second or two."""

_SPARE_MB: Final = 100.0
_DOWN: Final = ("FATAL", "EXITED", "BACKOFF")
_ENDED: Final = ("STOPPED", "EXITED", "FATAL", "UNKNOWN")


def check_memory(service: str, needed_mb: float) -> None:
    """Raise NotReadyError where another instance would not fit beside the ones that run."""
    free_mb = psutil.virtual_memory().available / (1 << 20)
    if free_mb < needed_mb + _SPARE_MB:
        raise NotReadyError(
            f"{free_mb:.0f} MB of memory are free, and another {service} may need "
            f"{needed_mb + _SPARE_MB:.0f}: free some; a swap with --cold stops the old one first"
        )


@contextmanager
def holding_slots(run_dir: RunDir, service: str, doing: str) -> Iterator[tuple[Stack, "Slots"]]:
    """The slots of a service, with everybody else kept from changing them; steps go to stderr.

    Raises NotReadyError where no stack runs, InputError where somebody else changes them.
    """
    stack, console = Stack(run_dir), Console(stderr=True, highlight=False)
    with all_as_interrupts(), Reach(run_dir) as reach:
        reach.directory()
        with hold_swap_lock(run_dir, service), console.status(doing):
            yield stack, Slots(stack, reach, service, console.print)


class Slots:
    """The slots of one service; `tell` hears each step in words for a person."""

    def __init__(
        self, stack: Stack, reach: Reach, service: str, tell: Callable[[str], None]
    ) -> None:
        self._stack, self._reach, self._service = stack, reach, service
        self.tell = tell

    def free(self, count: int, directory: Directory) -> list[str]:
        """So many slots in which nothing runs; raises NotReadyError where there are fewer."""
        processes = self._stack.supervisor.processes()
        used = {p.slot for p in processes if p.wanted or p.state == "STOPPING"}
        used.update(directory.active.get(self._service, []))
        mine = sorted(p.slot for p in processes if p.slot.rpartition("_")[0] == self._service)
        free = [slot for slot in mine if slot not in used]
        if len(free) < count:
            raise NotReadyError(
                f"{self._service} has {len(free)} of {len(mine)} slots free, and {count} are "
                "needed: see `streamtalk status`"
            )
        return free[:count]

    def start(self, slot: str, table: Table) -> None:
        """Start a slot with these settings over the configuration."""
        overlay.write(self._stack.run_dir, slot, table)
        self._stack.supervisor.start(slot)

    def await_ready(self, slot: str, wait_s: float) -> Instance:
        """Until the slot's instance has answered its canned request rightly.

        While it fetches its model, and gets on, the time does not run.

        Raises EngineError with its reason where it cannot load, or dies while it loads.
        """
        deadline, told, pid = time.monotonic() + wait_s, "", 0
        while time.monotonic() < deadline:
            state, instance, pid = self._look(slot, pid)
            if instance is not None and instance.ready:
                self.tell(f"{slot} is ready: {instance.engine}, {instance.rss_mb:.0f} MB")
                return instance
            if state not in (told, "starting"):
                is_fetching = state.startswith(FETCHING)
                deadline = time.monotonic() + wait_s if is_fetching else deadline
                if not is_fetching or state.endswith("0 %"):
                    self.tell(f"{slot} is {state}")
            told = state
            time.sleep(_POLL_S)
        message = f"{slot} was not ready within {wait_s:.0f} s; its log is {self.log(slot)}"
        raise NotReadyError(message)

    def _look(self, slot: str, known_pid: int) -> tuple[str, Instance | None, int]:
        process = self._stack.supervisor.process(slot)
        if process.state in _DOWN or (known_pid and process.pid not in (0, known_pid)):
            message = f"{slot} does not start: {self._stack.last_words(slot)}"
            raise EngineError(message)
        # Only the process that runs now counts, never what an earlier one left in the directory.
        found = [i for i in self.directory().instances if i.pid == process.pid]
        instance = next((i for i in found if i.slot == slot), None)
        if instance is not None and instance.state == "failed":
            message = f"{slot}: {instance.reason}; its log is {self.log(slot)}"
            raise EngineError(message)
        return (doing(instance) if instance else "starting"), instance, process.pid or known_pid

    def directory(self) -> Directory:
        """What the registry says; one that is being restarted is waited for."""
        return self._insist(self._reach.directory)

    def active(self) -> list[str]:
        """The active slots of the service."""
        return self.directory().active.get(self._service, [])

    def activate(self, slots: Sequence[str], awaited: Sequence[str] = ()) -> None:
        """Make exactly these slots active, and those that load on; asked until it is certain."""
        request = Activate(service=self._service, slots=list(slots), awaited=list(awaited))

        def ask() -> Directory:
            with Peer(self._reach.context, self._stack.run_dir.registry) as registry:
                return registry.call(request, Directory, _CALL_S)

        self._insist(ask)
        self.tell(f"{', '.join(slots)} {'is' if len(slots) == 1 else 'are'} active")

    @staticmethod
    def _insist(ask: Callable[[], Directory]) -> Directory:
        deadline = time.monotonic() + _REGISTRY_S
        while True:
            try:
                return ask()
            except StreamTalkError as error:
                if not error.retryable or time.monotonic() > deadline:
                    raise
            time.sleep(_POLL_S)

    def health(self, slots: Sequence[str]) -> dict[str, Health | None]:
        """What the instance in each slot says of itself; None where nobody answers in time."""
        try:
            instances = {i.slot: i for i in self._reach.directory().instances}
        except StreamTalkError:
            # Nobody knows where they are now, which is not their fault.
            return {}
        return {slot: self._probe(instances.get(slot)) for slot in slots}

    def _probe(self, instance: Instance | None) -> Health | None:
        if instance is None:
            return None
        try:
            with Peer(self._reach.context, instance.endpoint) as peer:
                return peer.call(Probe(), Health, _PROBE_S)
        except StreamTalkError:
            return None

    def somebody_talks(self) -> bool:
        """Whether a session is open; also where nobody can say."""
        try:
            found = self._reach.call("orchestrator", ListSessions(), Sessions, _CALL_S)
        except StreamTalkError:
            return True
        return bool(found.sessions)

    def stop(self, slots: Sequence[str]) -> None:
        """Let the slots finish what they have begun, and end; raises NotReadyError if one stays."""
        for slot in slots:
            self._stack.supervisor.stop(slot)
        deadline = time.monotonic() + _STOP_S
        while left := [slot for slot in slots if self._runs(slot)]:
            if time.monotonic() > deadline:
                message = f"{', '.join(left)} does not end; see {self.log(left[0])}"
                raise NotReadyError(message)
            time.sleep(_POLL_S)
        for slot in slots:
            self.tell(f"{slot} has ended")

    def retire(self, slots: Sequence[str]) -> None:
        """Stop slots for good: their next start is by the configuration again."""
        self.stop(slots)
        self.forget(slots)

    def forget(self, slots: Sequence[str]) -> None:
        """Drop the settings that a swap gave to slots which do not run."""
        for slot in slots:
            overlay.remove(self._stack.run_dir, slot)

    def log(self, slot: str) -> str:
        """Where a person finds out more."""
        return str(self._stack.run_dir.logs / f"{slot}.log")

    def _runs(self, slot: str) -> bool:
        return self._stack.supervisor.process(slot).state not in _ENDED
