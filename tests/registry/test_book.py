"""What the registry knows and decides, and what of it survives."""

from pathlib import Path

import msgspec
import pytest

from streamtalk.proto.directory import Instance
from streamtalk.proto.errors import NotReadyError, OverloadedError
from streamtalk.registry.book import MAX_INSTANCES, Book, Snapshot
from streamtalk.registry.snapshot import load_snapshot, save_snapshot

pytestmark = pytest.mark.unit

SECOND_NS = 1_000_000_000


def _instance(slot: str = "tts_0", service: str = "tts", *, ready: bool = True) -> Instance:
    return Instance(
        service=service,
        instance=f"{slot}-a",
        slot=slot,
        engine="e",
        endpoint=f"ipc://{slot}",
        pid=1,
        state="ready" if ready else "loading",
        ready=ready,
    )


def _wait(book: Book, from_s: int, to_s: int) -> bool:
    """Look once a second, both ends included; whether anything changed."""
    return [book.expire(now_s * SECOND_NS) for now_s in range(from_s, to_s + 1)].count(True) > 0


@pytest.fixture(name="book")
def _book() -> Book:
    return Book("r", silent_after_ns=2 * SECOND_NS, forget_after_ns=10 * SECOND_NS)


def test_first_ready_instance_becomes_active(book: Book) -> None:
    """A second one waits; one that is not ready never is."""
    book.register(_instance("tts_0", ready=False), 0)
    assert book.active == {}
    book.register(_instance("tts_1"), 0)
    book.register(_instance("tts_0"), 0)
    assert book.active == {"tts": ["tts_1"]}


def test_services_without_a_model_are_always_active(book: Book) -> None:
    """They have no record."""
    assert book.is_active(_instance("bus_0", "bus"))
    assert book.active == {}


def test_version_rises_with_what_callers_would_care_about(book: Book) -> None:
    """A renewal and a new count are no news; readiness is."""
    assert book.register(_instance(ready=False), 0)
    before = book.version
    counted = msgspec.structs.replace(_instance(ready=False), items_done=7, uptime_s=3.0)
    assert not book.register(counted, 1)
    assert book.version == before
    assert book.register(_instance(), 2)
    assert book.version > before


def test_silent_instance_is_unusable_and_then_forgotten(book: Book) -> None:
    """After 2 s it is neither live nor ready; after 10 s it is gone; the record stays."""
    book.register(_instance(), 0)
    assert not _wait(book, 0, 2)
    assert book.expire(2 * SECOND_NS + 1)
    (seen,) = book.view().instances
    assert (seen.live, seen.ready, seen.reason) == (False, False, "silent")
    assert not _wait(book, 3, 10)
    assert book.expire(10 * SECOND_NS + 1)
    assert book.view().instances == []
    assert book.active == {"tts": ["tts_0"]}


def test_silent_instance_that_speaks_again_is_back(book: Book) -> None:
    """It was stopped, not dead."""
    book.register(_instance(), 0)
    assert _wait(book, 0, 3)
    assert book.register(_instance(), 4 * SECOND_NS)
    assert book.view().instances[0].ready


def test_pause_of_the_machine_is_held_against_nobody(book: Book) -> None:
    """After a gap in our own looks everybody gets the full time again, and 5 s to wake up."""
    book.register(_instance(), 0)
    assert not _wait(book, 0, 1)
    assert not _wait(book, 601, 608)
    assert book.view().instances[0].ready
    assert _wait(book, 609, 609)
    assert book.view().instances[0].reason == "silent"


@pytest.mark.parametrize("slots", [["tts_1"], ["tts_0", "tts_1"], ["tts_9"], []])
def test_record_moves_only_to_what_is_ready(book: Book, slots: list[str]) -> None:
    """All of the slots, or nothing changes."""
    book.register(_instance("tts_0"), 0)
    book.register(_instance("tts_1", ready=False), 0)
    with pytest.raises(NotReadyError):
        book.activate("tts", slots)
    assert book.active == {"tts": ["tts_0"]}


def test_record_is_moved_as_a_whole(book: Book) -> None:
    """Several slots may be active; the order is kept."""
    for slot in ("tts_0", "tts_1"):
        book.register(_instance(slot), 0)
    book.activate("tts", ["tts_1", "tts_0"])
    assert book.view().active == {"tts": ["tts_1", "tts_0"]}


def test_directory_shows_who_is_active_as_soon_as_the_record_moves(book: Book) -> None:
    """The instances themselves hear of it with their next registration."""
    for slot in ("tts_0", "tts_1"):
        book.register(_instance(slot), 0)
    book.activate("tts", ["tts_1"])
    assert [i.state for i in book.view().instances] == ["ready", "active"]


def test_awaited_slot_is_active_as_soon_as_it_is_ready(book: Book) -> None:
    """A model that is fetched for hours is used from when it is here; alone it is no choice."""
    book.register(_instance("tts_0", ready=False), 0)
    book.register(_instance("tts_1"), 0)
    with pytest.raises(NotReadyError):
        book.activate("tts", [], ["tts_0"])
    book.activate("tts", ["tts_1"], ["tts_0"])
    assert not book.view().instances[0].ready
    book.register(_instance("tts_0"), 1)
    assert [i.state for i in book.view().instances] == ["active", "active"]


def test_service_without_a_record_gets_none(book: Book) -> None:
    """Nobody chooses between buses."""
    book.register(_instance("bus_0", "bus"), 0)
    with pytest.raises(NotReadyError):
        book.activate("bus", ["bus_0"])


def test_directory_is_bounded(book: Book) -> None:
    """Who is known may renew; one more is refused."""
    for number in range(MAX_INSTANCES):
        book.register(_instance(f"tts_{number}"), 0)
    with pytest.raises(OverloadedError):
        book.register(_instance("tts_x"), 0)
    book.register(_instance("tts_0"), 1)
    assert book.remove("tts_1-a")
    assert not book.remove("tts_1-a")
    book.register(_instance("tts_x"), 2)


def test_snapshot_survives_and_what_is_gone_expires(book: Book, tmp_path: Path) -> None:
    """The next registry knows all of it, until the silent ones are found silent."""
    book.register(_instance(), 0)
    path = tmp_path / "registry.json"
    save_snapshot(path, book.snapshot(), durable=True)
    after = Book("r2", silent_after_ns=2 * SECOND_NS, forget_after_ns=10 * SECOND_NS)
    after.restore(load_snapshot(path), 5 * SECOND_NS, lambda pid: True)
    assert (after.active, after.view().instances) == (book.active, book.view().instances)
    assert after.expire(16 * SECOND_NS)
    assert after.active == {"tts": ["tts_0"]}
    assert [entry.name for entry in tmp_path.iterdir()] == ["registry.json"]


@pytest.mark.parametrize("content", [None, b"", b"{", b'{"active": 3}', b'{"more": 1}', b"\xff"])
def test_unreadable_snapshot_is_an_empty_one(tmp_path: Path, content: bytes | None) -> None:
    """Everybody registers again within half a second: there is nothing to fail for."""
    path = tmp_path / "registry.json"
    if content is not None:
        path.write_bytes(content)
    assert load_snapshot(path) == Snapshot()


def test_processes_that_ended_with_the_registry_are_not_taken_over(book: Book) -> None:
    """The record of active slots stays: supervisord starts the next process in the slot."""
    book.register(_instance(), 0)
    after = Book(registry="r-2", silent_after_ns=SECOND_NS, forget_after_ns=2 * SECOND_NS)
    after.restore(book.snapshot(), 0, lambda pid: False)
    assert after.view().instances == []
    assert after.active == book.active
