"""Which slots are meant to run, and which run for nobody; no I/O, no clock."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from streamtalk.proto.directory import MODEL_SERVICES, Directory
from streamtalk.runtime.supervision import HELPERS, ProcessState
from streamtalk.watchdog.account import Command


def service_of(slot: str) -> str:
    """The service that a slot belongs to."""
    return slot.rpartition("_")[0]


def meant_slots(
    processes: Iterable[ProcessState], directory: Directory | None, swapping: AbstractSet[str]
) -> set[str]:
    """Slots that should run.

    Without a directory nobody knows which instance of a model is active; during a swap it is for
    the swap to say.
    """
    rows = list(processes)
    others = {*MODEL_SERVICES, *HELPERS}
    meant = {row.slot for row in rows if service_of(row.slot) not in others}
    if directory is None:
        return meant
    for service in set(MODEL_SERVICES) - swapping:
        active = directory.active.get(service)
        running = any(row.wanted for row in rows if service_of(row.slot) == service)
        first = [] if running else [f"{service}_0"]
        meant.update(active or first)
    return meant


class Roster:
    """Waits until a deviation has lasted, then sets it right."""

    def __init__(self, patience_ns: int) -> None:
        self._patience_ns = patience_ns
        self._since_ns: dict[Command, int] = {}

    def see(
        self,
        processes: Iterable[ProcessState],
        directory: Directory | None,
        swapping: AbstractSet[str],
        now_ns: int,
    ) -> list[Command]:
        """Take how things are; returns what has been wrong for long enough."""
        found = _deviations(processes, directory, swapping) if directory is not None else []
        self._since_ns = {command: self._since_ns.get(command, now_ns) for command in found}
        due = [c for c, since_ns in self._since_ns.items() if now_ns - since_ns > self._patience_ns]
        for command in due:
            self._since_ns[command] = now_ns
        return due


def _deviations(
    processes: Iterable[ProcessState], directory: Directory, swapping: AbstractSet[str]
) -> list[Command]:
    rows = list(processes)
    commands = []
    for service in sorted(set(directory.active) & set(MODEL_SERVICES) - swapping):
        mine = [row for row in rows if service_of(row.slot) == service and row.wanted]
        spare = [row.slot for row in mine if row.slot not in directory.active[service]]
        commands += _spares(directory, directory.active[service], spare)
    return commands


def _spares(directory: Directory, active: list[str], spare: list[str]) -> list[Command]:
    """Stop spares while the active ones work; let one take over while none of them does."""
    ready = {i.slot for i in directory.instances if i.ready}
    if ready.issuperset(active):
        loaded = {i.slot for i in directory.instances if i.state != "loading"}
        return [Command("stop", slot, "nobody uses it") for slot in spare if slot in loaded]
    if not ready.isdisjoint(active):
        return []
    return [Command("activate", s, "the active one is not ready") for s in spare if s in ready][:1]
