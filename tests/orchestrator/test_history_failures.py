"""The conversation goes on when the history cannot."""

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamtalk.orchestrator.history import (
    History,
    HistoryError,
    HistoryKeeper,
    TimerRow,
    TurnRow,
)
from streamtalk.orchestrator.history.resilient import RETURN_AFTER_NS, ResilientHistory
from streamtalk.proto.errors import SessionError

pytestmark = pytest.mark.unit


class Clock:
    """A wall clock that is moved by hand."""

    def __init__(self) -> None:
        self.now_ns = 1_800_000_000 * 1_000_000_000

    def __call__(self) -> int:
        """The time."""
        return self.now_ns


@pytest.fixture
def clock() -> Clock:
    """The clock of the history under test."""
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the history is to be."""
    return tmp_path / "history.db"


@pytest.fixture
def history(path: Path, clock: Clock) -> Iterator[ResilientHistory]:
    """A history on disk."""
    opened = ResilientHistory(path, clock=clock)
    yield opened
    opened.close()


def turn(number: int, text: str = "hi") -> TurnRow:
    """A finished turn of session `s1`."""
    return TurnRow(session="s1", turn=number, state="done", user_text=text)


def fill_disk(history: ResilientHistory) -> None:
    """Let SQLite's own limit refuse further pages, as a full disk would."""
    database = history._history._database
    pages = database.execute("PRAGMA page_count").fetchone()[0]
    database.execute(f"PRAGMA max_page_count = {pages}").fetchone()


def test_full_disk_moves_the_conversation_to_memory(history: ResilientHistory) -> None:
    """The failing write is done in memory, with all that was there, and the person is told."""
    term = history.run(History.claim, "s1")
    history.run(History.save_turn, term, turn(1))
    history.run(History.set_setting, "s1", term, "rate", 1.5)
    timer = TimerRow(timer_id="t", session="s1", due_unix_ns=5)
    history.run(History.plan_timer, term, timer)
    fill_disk(history)
    history.run(History.save_turn, term, turn(2, "x" * 100_000))
    assert history.in_memory
    assert "disk is full" in history.notice
    assert [row.turn for row in history.run(History.turns, "s1")] == [1, 2]
    assert history.run(History.get_setting, "s1", "rate") == 1.5
    assert history.run(History.planned_timers, "s1") == [timer]
    assert history.run(History.claim, "s1") > term


def test_memory_goes_back_to_the_disk(history: ResilientHistory, path: Path, clock: Clock) -> None:
    """When the disk works again, what was said meanwhile is written to it."""
    term = history.run(History.claim, "s1")
    fill_disk(history)
    history.run(History.save_turn, term, turn(1, "x" * 100_000))
    memory_term = history.run(History.claim, "s1")
    assert history.in_memory
    clock.now_ns += RETURN_AFTER_NS
    history.run(History.save_turn, memory_term, turn(2))
    assert (history.in_memory, history.notice) == (False, "")
    other = History(path, clock=clock)
    assert [row.turn for row in other.turns("s1")] == [1, 2]
    assert other.claim("s1") > memory_term
    other.close()


def test_memory_does_not_overwrite_a_later_owner(
    history: ResilientHistory, path: Path, clock: Clock
) -> None:
    """An orchestrator that lost its session while in memory finds out on its return."""
    term = history.run(History.claim, "s1")
    fill_disk(history)
    history.run(History.save_turn, term, turn(1, "x" * 100_000))
    clock.now_ns += RETURN_AFTER_NS
    other = History(path, clock=clock)
    other.claim("s1")
    with pytest.raises(SessionError):
        history.run(History.save_turn, term, turn(2))
    assert other.turns("s1") == []
    other.close()


def test_read_only_file_is_told(history: ResilientHistory) -> None:
    """The notice says what to change."""
    term = history.run(History.claim, "s1")
    history._history._database.execute("PRAGMA query_only = ON")
    history.run(History.save_turn, term, turn(1))
    assert history.in_memory
    assert "read-only" in history.notice


def test_superseded_write_is_no_fault_of_the_disk(history: ResilientHistory) -> None:
    """A term that is over is refused as such, and the disk is kept."""
    term = history.run(History.claim, "s1")
    history.run(History.claim, "s1")
    with pytest.raises(SessionError):
        history.run(History.save_turn, term, turn(1))
    assert not history.in_memory


def test_directory_that_cannot_be_made_is_told(tmp_path: Path, clock: Clock) -> None:
    """Without any file the conversation begins in memory."""
    (tmp_path / "file").write_text("in the way")
    opened = ResilientHistory(tmp_path / "file" / "history.db", clock=clock)
    assert opened.in_memory
    assert "cannot be opened" in opened.notice
    term = opened.run(History.claim, "s1")
    opened.run(History.save_turn, term, turn(1))
    opened.close()


@pytest.mark.parametrize("what", ["text", "middle"])
def test_damaged_file_is_moved_aside(path: Path, clock: Clock, what: str) -> None:
    """It is kept under another name, a new one is begun, and the person is told."""
    if what == "text":
        path.write_text("This is no database, but long enough to look like one. " * 50)
    else:
        old = History(path, clock=clock)
        term = old.claim("s1")
        for number in range(1, 200):
            old.save_turn(term, turn(number, "x" * 500))
        old.close()
        raw = bytearray(path.read_bytes())
        raw[len(raw) // 3 : len(raw) // 2] = b"\xa5" * (len(raw) // 2 - len(raw) // 3)
        path.write_bytes(raw)
    damaged = path.read_bytes()
    history = History(path, clock=clock)
    aside = path.with_name("history.db.damaged-1800000000")
    assert str(aside) in history.notice
    assert aside.read_bytes() == damaged
    assert history.sessions() == []
    history.claim("s1")
    history.close()


def test_command_line_gets_an_error_instead_of_memory(tmp_path: Path) -> None:
    """The plain history refuses, and says why."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(HistoryError, match="cannot be opened"):
        History(tmp_path / "file" / "history.db")


def test_keeper_works_from_tasks_in_the_order_asked(path: Path, clock: Clock) -> None:
    """Any number of tasks share one thread; a cancelled wait still writes."""

    async def main() -> None:
        keeper = HistoryKeeper(path, clock=clock)
        await keeper.open()
        term = await keeper.run(History.claim, "s1")
        await asyncio.gather(
            *(keeper.run(History.save_turn, term, turn(1, str(n))) for n in range(20))
        )
        write = asyncio.create_task(keeper.run(History.save_turn, term, turn(2)))
        await asyncio.sleep(0)
        write.cancel()
        rows = await keeper.run(History.turns, "s1")
        assert [(row.turn, row.user_text) for row in rows] == [(1, "19"), (2, "hi")]
        assert (keeper.notice, keeper.in_memory) == ("", False)
        await keeper.close()

    asyncio.run(main())


def test_keeper_waits_for_another_process_that_writes(path: Path, clock: Clock) -> None:
    """A short lock of the command line is no failure."""

    async def main() -> None:
        keeper = HistoryKeeper(path, clock=clock)
        await keeper.open()
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        claim = asyncio.create_task(keeper.run(History.claim, "s1"))
        await asyncio.sleep(0.05)
        other.execute("COMMIT")
        other.close()
        assert await claim > 0
        assert not keeper.in_memory
        await keeper.close()

    asyncio.run(main())
