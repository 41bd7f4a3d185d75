"""The history: terms, turns, timers, settings, and what the command line does with them."""

import json
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import pytest

from streamtalk.orchestrator.history import History, HistoryError, TimerRow, TurnRow
from streamtalk.orchestrator.history.schema import MIGRATIONS, VERSION, migrate
from streamtalk.orchestrator.history.store import DAY_NS
from streamtalk.proto.errors import SessionError

pytestmark = pytest.mark.unit

START_NS: Final = 1_800_000_000 * 1_000_000_000


class Clock:
    """A wall clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_ns = START_NS

    def __call__(self) -> int:
        """The time."""
        return self.now_ns


@pytest.fixture
def clock() -> Clock:
    """The clock of the history under test."""
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file in a directory that does not exist yet."""
    return tmp_path / "data" / "history.db"


@pytest.fixture
def history(path: Path, clock: Clock) -> Iterator[History]:
    """An empty history."""
    opened = History(path, clock=clock)
    yield opened
    opened.close()


def turn(number: int = 1, **changes: object) -> TurnRow:
    """A turn of session `s1` that is being heard."""
    row = TurnRow(session="s1", turn=number, state="hearing")
    return msgspec.structs.replace(row, **changes)


def test_file_is_for_its_owner_only(history: History, path: Path) -> None:
    """Neither the file nor its log can be read by others, whatever the umask."""
    history.claim("s1")
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_terms_rise_even_when_the_clock_goes_back(history: History, clock: Clock) -> None:
    """Every claim of any session is above all before it."""
    terms = [history.claim("s1"), history.claim("s2"), history.claim("s1")]
    clock.now_ns -= DAY_NS
    terms.append(history.claim("s1"))
    assert terms == sorted(set(terms))


def test_terms_rise_when_the_file_is_lost(path: Path, clock: Clock) -> None:
    """A history begun anew gives higher terms, so sinks go on obeying."""
    first = History(path, clock=clock)
    before = first.claim("s1")
    first.close()
    path.unlink()
    clock.now_ns += 1_000_000_000
    second = History(path, clock=clock)
    assert second.claim("s1") > before
    second.close()


def test_superseded_owner_cannot_write(history: History, path: Path, clock: Clock) -> None:
    """An orchestrator that was stopped and woke up again changes nothing."""
    old_term = history.claim("s1")
    other = History(path, clock=clock)
    new_term = other.claim("s1")
    other.save_turn(new_term, turn(user_text="new"))
    timer = TimerRow(timer_id="t", session="s1", due_unix_ns=1)
    with pytest.raises(SessionError):
        history.save_turn(old_term, turn(user_text="old"))
    with pytest.raises(SessionError):
        history.drop_turn("s1", old_term, 1)
    with pytest.raises(SessionError):
        history.plan_timer(old_term, timer)
    with pytest.raises(SessionError):
        history.finish_timer("s1", old_term, "t")
    with pytest.raises(SessionError):
        history.claim_effect("s1", old_term, 1, "x")
    with pytest.raises(SessionError):
        history.set_setting("s1", old_term, "rate", 2.0)
    assert [row.user_text for row in other.turns("s1")] == ["new"]
    assert other.planned_timers("s1") == []
    assert other.settings("s1") == {}
    other.close()


def test_turn_goes_through_its_states(history: History, clock: Clock) -> None:
    """Each write replaces the one before; the beginning stays; all fields come back."""
    term = history.claim("s1")
    history.save_turn(term, turn())
    clock.now_ns += 5
    last = turn(
        state="done",
        user_text="你好",
        reply_text="Hello there.",
        heard_text="Hello",
        interrupted=True,
        error="tts was lost",
        stream="m1",
        from_sample=160,
        to_sample=3_200,
        stages_ms={"asr": 12.5},
    )
    history.save_turn(term, last)
    expected = msgspec.structs.replace(last, started_unix_ns=START_NS, updated_unix_ns=START_NS + 5)
    assert history.turns("s1") == [expected]


def test_open_turn_is_the_one_that_did_not_end(history: History) -> None:
    """Recovery finds where the conversation was; a finished one has no open turn."""
    term = history.claim("s1")
    assert history.open_turn("s1") is None
    assert history.next_turn("s1") == 1
    history.save_turn(term, turn(1, state="done"))
    history.save_turn(term, turn(2, state="speaking", to_sample=99))
    found = history.open_turn("s1")
    assert found is not None
    assert (found.turn, found.state, found.to_sample) == (2, "speaking", 99)
    assert history.next_turn("s1") == 3
    history.drop_turn("s1", term, 2)
    assert history.open_turn("s1") is None


def test_turns_are_the_last_ones_in_order(history: History) -> None:
    """A long session is read from its end."""
    term = history.claim("s1")
    for number in range(1, 6):
        history.save_turn(term, turn(number, state="done"))
    assert [row.turn for row in history.turns("s1", limit=2)] == [4, 5]


def test_timer_speaks_up_once(history: History, path: Path, clock: Clock) -> None:
    """Planned twice it is there once; finished twice it is true once, restarts included."""
    term = history.claim("s1")
    timers = [TimerRow(timer_id=f"s1-1-{n}", session="s1", due_unix_ns=9 - n) for n in range(2)]
    assert [history.plan_timer(term, timer) for timer in timers] == [True, True]
    assert not history.plan_timer(term, timers[0])
    assert history.planned_timers("s1") == timers[::-1]
    assert history.finish_timer("s1", term, "s1-1-0")
    assert not history.finish_timer("s1", term, "s1-1-0")
    assert not history.plan_timer(term, timers[0])
    reopened = History(path, clock=clock)
    assert reopened.planned_timers("s1") == [timers[1]]
    reopened.close()


def test_timer_of_another_session_is_out_of_reach(history: History) -> None:
    """A session cancels its own timers only."""
    term = history.claim("s1")
    history.plan_timer(term, TimerRow(timer_id="t", session="s1", due_unix_ns=1))
    other_term = history.claim("s2")
    assert not history.finish_timer("s2", other_term, "t")
    assert len(history.planned_timers("s1")) == 1


def test_effect_happens_once(history: History) -> None:
    """The same effect of the same turn is granted to one caller."""
    term = history.claim("s1")
    assert history.claim_effect("s1", term, 1, "louder")
    assert not history.claim_effect("s1", term, 1, "louder")
    assert history.claim_effect("s1", term, 2, "louder")


def test_settings_stay_with_the_session(history: History) -> None:
    """Speaking rate and volume survive, typed, and are the session's own."""
    term = history.claim("s1")
    history.claim("s2")
    history.set_setting("s1", term, "rate", 1.0)
    history.set_setting("s1", term, "rate", 1.25)
    history.set_setting("s1", term, "voice", "cmn")
    assert history.settings("s1") == {"rate": 1.25, "voice": "cmn"}
    assert history.get_setting("s2", "rate") is None


def test_sessions_are_listed_by_their_last_use(history: History, clock: Clock) -> None:
    """The list shows when, how much, and the first words."""
    first = history.claim("s1")
    clock.now_ns += 10
    history.claim("s2")
    clock.now_ns += 10
    history.save_turn(first, turn(1))
    history.save_turn(first, turn(2, user_text="What time is it?"))
    listed = history.sessions()
    assert [s.session for s in listed] == ["s1", "s2"]
    assert (listed[0].turns, listed[0].first_words) == (2, "What time is it?")
    assert listed[0].created_unix_ns == START_NS
    assert listed[0].updated_unix_ns == START_NS + 20


def test_export_is_json(history: History) -> None:
    """All of a session, and nothing that JSON cannot hold."""
    term = history.claim("s1")
    history.save_turn(term, turn(user_text="hello", stages_ms={"asr": 1.0}))
    history.set_setting("s1", term, "rate", 2.0)
    exported = json.loads(json.dumps(history.export("s1")))
    assert exported["turns"][0]["user_text"] == "hello"
    assert exported["settings"] == {"rate": 2.0}
    with pytest.raises(SessionError, match="nobody"):
        history.export("nobody")


def test_delete_leaves_no_trace_on_the_disk(history: History, path: Path) -> None:
    """What was said is gone from the file and its log, and the owner is told at its next write."""
    term = history.claim("s1")
    history.save_turn(term, turn(user_text="CANARY" * 50))
    history.plan_timer(term, TimerRow(timer_id="t", session="s1", due_unix_ns=1, label="CANARY"))
    history.claim("s2")
    assert history.delete("s1") == 1
    assert history.delete("s1") == 0
    assert [s.session for s in history.sessions()] == ["s2"]
    assert all(b"CANARY" not in file.read_bytes() for file in path.parent.iterdir())
    with pytest.raises(SessionError):
        history.save_turn(term, turn())
    assert history.delete() == 1


def test_retention_forgets_what_is_old(history: History, path: Path, clock: Clock) -> None:
    """Sessions not used for so many days are erased when the history is opened."""
    history.claim("old")
    clock.now_ns += 20 * DAY_NS
    history.claim("young")
    clock.now_ns += 15 * DAY_NS
    reopened = History(path, clock=clock, retention_days=30)
    assert [s.session for s in reopened.sessions()] == ["young"]
    reopened.close()


def test_file_of_an_older_version_is_brought_up(path: Path, clock: Clock) -> None:
    """Every version before this one opens, with what was in it."""
    for version in range(1, VERSION):
        old_path = path.with_name(f"v{version}.db")
        old_path.parent.mkdir(exist_ok=True)
        database = sqlite3.connect(old_path, isolation_level=None)
        migrate(database, version)
        database.execute("INSERT INTO sessions VALUES ('s1', 7, 1, 1)")
        database.execute(
            "INSERT INTO turns VALUES"
            " ('s1', 1, 'done', 'hi', '', '', 0, NULL, '', 0, 0, '{}', 1, 1)"
        )
        database.close()
        history = History(old_path, clock=clock)
        assert history.turns("s1")[0].user_text == "hi"
        history.set_setting("s1", 7, "rate", 1.5)
        assert history.settings("s1") == {"rate": 1.5}
        history.close()


def test_failed_migration_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that fails half-way leaves the version before it."""
    database = sqlite3.connect(":memory:", isolation_level=None)
    broken = (MIGRATIONS[0], ("CREATE TABLE half (x)", "NONSENSE"))
    monkeypatch.setattr("streamtalk.orchestrator.history.schema.MIGRATIONS", broken)
    with pytest.raises(sqlite3.OperationalError):
        migrate(database, 2)
    database.rollback()
    names = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
    assert database.execute("PRAGMA user_version").fetchone() == (1,)
    assert "half" not in names
    database.close()


def test_file_of_a_newer_version_is_refused(path: Path) -> None:
    """It is left as it is, and the person is told to update."""
    path.parent.mkdir()
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()
    with pytest.raises(HistoryError, match="update Stream-Talk"):
        History(path)
    assert path.exists()
