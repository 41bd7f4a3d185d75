"""Exactly one active instance of each model, and every other service."""

import pytest

from streamtalk.proto.directory import Directory, Instance, InstanceState
from streamtalk.runtime.supervision import ProcessState
from streamtalk.watchdog.roster import Roster, meant_slots

pytestmark = pytest.mark.unit

SECOND = 1_000_000_000
NOBODY: frozenset[str] = frozenset()


def processes(*running: str) -> list[ProcessState]:
    """Every declared slot; those named run."""
    slots = ["bus_0", "registry_0", "tts_0", "tts_1", "tts_2"]
    states = {slot: "RUNNING" if slot in running else "STOPPED" for slot in slots}
    return [ProcessState(slot, "g", state, 1, "") for slot, state in states.items()]


def directory(active: list[str], **states: InstanceState) -> Directory:
    """The voices that are registered, and the record."""
    instances = [
        Instance(
            service="tts",
            instance=f"{slot}-a",
            slot=slot,
            engine="-",
            endpoint="",
            pid=1,
            state=state,
            ready=state in ("ready", "active"),
        )
        for slot, state in states.items()
    ]
    record = {"tts": active} if active else {}
    return Directory(version=1, registry="r", instances=instances, active=record)


def orders(
    book: Directory | None, *running: str, swapping: frozenset[str] = NOBODY
) -> list[tuple[str, str]]:
    """What is ordered when things stay like this for 61 s."""
    roster = Roster(60 * SECOND)
    rows = processes("bus_0", "registry_0", *running)
    assert roster.see(rows, book, swapping, 0) == []
    assert roster.see(rows, book, swapping, 60 * SECOND) == []
    commands = roster.see(rows, book, swapping, 61 * SECOND)
    return [(command.action, command.slot) for command in commands]


def test_services_without_a_model_are_meant_to_run() -> None:
    """They run whether or not there is a registry to say so."""
    assert meant_slots(processes(), None, NOBODY) == {"bus_0", "registry_0"}


def test_active_slot_is_meant_to_run() -> None:
    """The record decides, not the number of the slot."""
    meant = meant_slots(processes("tts_1"), directory(["tts_1"]), NOBODY)
    assert meant & {"tts_0", "tts_1", "tts_2"} == {"tts_1"}


def test_every_active_replica_is_meant_to_run() -> None:
    """A record of two slots keeps two."""
    meant = meant_slots(processes(), directory(["tts_0", "tts_2"]), NOBODY)
    assert meant & {"tts_0", "tts_1", "tts_2"} == {"tts_0", "tts_2"}


def test_first_slot_is_meant_to_run_when_none_does() -> None:
    """Without a record and without a process, somebody has to begin."""
    assert "tts_0" in meant_slots(processes(), directory([]), NOBODY)
    assert "tts_0" not in meant_slots(processes("tts_1"), directory([]), NOBODY)


def test_helper_is_not_meant_to_run() -> None:
    """It was started for one task, has done it and ended."""
    ended = [*processes("bus_0"), ProcessState("upgrade_0", "upgrade", "EXITED", 0, "")]
    assert "upgrade_0" not in meant_slots(ended, None, NOBODY)


def test_swap_decides_for_itself() -> None:
    """A cold swap stops the active one first; starting it again would fill the memory."""
    swapping = frozenset({"tts"})
    meant = meant_slots(processes(), directory(["tts_0"]), swapping)
    assert meant & {"tts_0", "tts_1", "tts_2"} == set()


def test_spare_that_nobody_uses_is_stopped() -> None:
    """What a swap that was killed left behind goes away."""
    book = directory(["tts_1"], tts_0="ready", tts_1="active")
    assert orders(book, "tts_0", "tts_1") == [("stop", "tts_0")]


def test_spare_of_a_running_swap_is_left_alone() -> None:
    """The swap is about to make it active."""
    book = directory(["tts_0"], tts_0="active", tts_1="ready")
    assert orders(book, "tts_0", "tts_1", swapping=frozenset({"tts"})) == []


def test_loading_spare_is_left_alone() -> None:
    """A large model may take minutes; its load has a budget of its own."""
    book = directory(["tts_0"], tts_0="active", tts_1="loading")
    assert orders(book, "tts_0", "tts_1") == []


def test_spare_is_kept_while_the_active_one_is_not_ready() -> None:
    """The last that may still work is never stopped."""
    book = directory(["tts_0"], tts_0="failed", tts_1="failed")
    assert orders(book, "tts_0", "tts_1") == []


def test_ready_spare_takes_over_from_one_that_stays_away() -> None:
    """A record that points at a slot that cannot work moves to one that can, and to one only."""
    book = directory(["tts_0"], tts_1="ready", tts_2="ready")
    assert orders(book, "tts_0", "tts_1", "tts_2") == [("activate", "tts_1")]


def test_replicas_are_left_alone() -> None:
    """Instances that are active are nobody's spares."""
    book = directory(["tts_0", "tts_1"], tts_0="active", tts_1="active")
    assert orders(book, "tts_0", "tts_1") == []


def test_deviation_must_last_without_a_break() -> None:
    """A spare that was active in between begins to wait anew."""
    roster = Roster(60 * SECOND)
    rows = processes("tts_0", "tts_1")
    spare = directory(["tts_0"], tts_0="active", tts_1="ready")
    used = directory(["tts_0", "tts_1"], tts_0="active", tts_1="active")
    assert roster.see(rows, spare, NOBODY, 0) == []
    assert roster.see(rows, used, NOBODY, 50 * SECOND) == []
    assert roster.see(rows, spare, NOBODY, 61 * SECOND) == []
    assert roster.see(rows, spare, NOBODY, 120 * SECOND) == []


def test_without_a_directory_nothing_is_set_right() -> None:
    """A registry that is away is no reason to stop anybody."""
    assert orders(None, "tts_0", "tts_1") == []
