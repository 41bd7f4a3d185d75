"""The history itself: synchronous, every write guarded by the owner's term."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from streamtalk.orchestrator.history.file import open_history
from streamtalk.orchestrator.history.records import SessionSummary, TimerRow, TurnRow
from streamtalk.proto.errors import SessionError

DAY_NS: Final = 86_400 * 1_000_000_000
_SESSION_TABLES: Final = ("turns", "settings", "timers", "effects")
_TURN_COLUMNS: Final = TurnRow.__struct_fields__
_SAVE_TURN: Final = (
    f"INSERT INTO turns ({', '.join(_TURN_COLUMNS)}) VALUES ({', '.join('?' * len(_TURN_COLUMNS))})"  # noqa: S608 - field names of our own
    " ON CONFLICT DO UPDATE SET "
    + ", ".join(
        f"{name} = excluded.{name}"
        for name in _TURN_COLUMNS
        if name not in {"session", "turn", "started_unix_ns"}
    )
)


def wall_clock_ns() -> int:
    """Unix time; for rows that outlive the machine's uptime, never for durations."""
    return int(datetime.now(tz=UTC).timestamp() * 1_000_000) * 1_000


class History:
    """One connection, for one thread; other processes may hold theirs.

    Writes commit before they return, in a few milliseconds, and raise SessionError when the term is
    no longer the session's: then another owner has it, or its history was deleted.
    """

    def __init__(
        self,
        path: Path,
        *,
        retention_days: float = 0.0,
        clock: Callable[[], int] = wall_clock_ns,
        last_term: int = 0,
    ) -> None:
        self._clock = clock
        self._last_term = last_term
        self.claimed: dict[str, int] = {}
        """Sessions that were claimed through this object, and their terms."""

        self._database, self.notice = open_history(path, clock())
        if retention_days > 0:
            self.forget_before(clock() - int(retention_days * DAY_NS))

    def close(self) -> None:
        """Close the connection; the last one to leave folds the log into the file."""
        self._database.close()

    def claim(self, session: str) -> int:
        """Become the owner of a session: its new term, above every term given before.

        The counter follows Unix milliseconds where it is behind them, so that terms rise even when
        the file is lost, or replaced by one in memory.
        """
        now_ns = self._clock()
        with self._transaction():
            floor = max(now_ns // 1_000_000, self._last_term + 1)
            term: int = self._database.execute(
                "INSERT INTO counters VALUES ('term', ?1)"
                " ON CONFLICT DO UPDATE SET value = max(value + 1, ?1) RETURNING value",
                (floor,),
            ).fetchone()[0]
            self._own(session, term, now_ns)
        self._last_term = self.claimed[session] = term
        return term

    def adopt(self, source: "History", session: str, term: int) -> bool:
        """Copy a session from another history; False when a later owner has it in either."""
        if max(source.term(session), self.term(session)) > term:
            return False
        with self._transaction():
            self._own(session, term, self._clock())
            for table in _SESSION_TABLES:
                query = f"SELECT * FROM {table} WHERE session = ?"  # noqa: S608 - constant names
                for row in source._database.execute(query, (session,)):  # noqa: SLF001 - a friend
                    marks = ", ".join("?" * len(row))
                    self._database.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row)  # noqa: S608
        self.claimed[session] = term
        return True

    def keep_term(self, session: str, term: int) -> None:
        """Begin an empty history of a session that is owned already."""
        with self._transaction():
            self._own(session, term, self._clock())
        self.claimed[session] = term

    def term(self, session: str) -> int:
        """The term of the session's owner; 0 where nobody claimed it."""
        query = "SELECT term FROM sessions WHERE session = ?"
        row = self._database.execute(query, (session,)).fetchone()
        return int(row[0]) if row else 0

    def save_turn(self, term: int, row: TurnRow) -> None:
        """Write a turn as it is now, over what was there of it."""
        now_ns = self._clock()
        stamped = msgspec.structs.replace(row, started_unix_ns=now_ns, updated_unix_ns=now_ns)
        with self._owned(row.session, term):
            self._database.execute(_SAVE_TURN, _turn_values(stamped))

    def drop_turn(self, session: str, term: int, turn: int) -> None:
        """Forget a turn that turned out to be none, such as a cough."""
        with self._owned(session, term):
            self._database.execute(
                "DELETE FROM turns WHERE session = ? AND turn = ?", (session, turn)
            )

    def open_turn(self, session: str) -> TurnRow | None:
        """The turn that was going on when the last owner ended."""
        rows = self._turns("session = ? AND state != 'done' ORDER BY turn DESC LIMIT 1", (session,))
        return rows[0] if rows else None

    def turns(self, session: str, limit: int = 1_000) -> list[TurnRow]:
        """The last `limit` turns, oldest first."""
        return self._turns("session = ? ORDER BY turn DESC LIMIT ?", (session, limit))[::-1]

    def next_turn(self, session: str) -> int:
        """The number after the highest so far; the first turn is 1."""
        query = "SELECT coalesce(max(turn), 0) + 1 FROM turns WHERE session = ?"
        number: int = self._database.execute(query, (session,)).fetchone()[0]
        return number

    def claim_effect(self, session: str, term: int, turn: int, name: str) -> bool:
        """True for exactly one caller, ever: it may let the effect of this turn happen."""
        with self._owned(session, term):
            done = self._database.execute(
                "INSERT OR IGNORE INTO effects VALUES (?, ?, ?)", (session, turn, name)
            )
            return done.rowcount == 1

    def plan_timer(self, term: int, timer: TimerRow) -> bool:
        """Write a timer ahead; False when the same one was written before."""
        with self._owned(timer.session, term):
            return self._insert_timer(timer)

    def planned_timers(self, session: str) -> list[TimerRow]:
        """Timers that have not spoken up, soonest first."""
        rows = self._database.execute(
            "SELECT timer_id, session, due_unix_ns, label FROM timers"
            " WHERE session = ? AND state = 'planned' ORDER BY due_unix_ns, timer_id",
            (session,),
        )
        return [msgspec.convert(dict(row), TimerRow) for row in _named(rows)]

    def finish_timer(self, session: str, term: int, timer_id: str) -> bool:
        """True for exactly one caller, ever: it may speak up. Also how a timer is cancelled."""
        with self._owned(session, term):
            done = self._database.execute(
                "UPDATE timers SET state = 'done'"
                " WHERE timer_id = ? AND session = ? AND state = 'planned'",
                (timer_id, session),
            )
            return done.rowcount == 1

    def set_setting(self, session: str, term: int, name: str, value: float | str) -> None:
        """Keep what the person chose, such as `rate` or `volume`."""
        with self._owned(session, term):
            self._database.execute(
                "INSERT OR REPLACE INTO settings VALUES (?, ?, ?)",
                (session, name, msgspec.json.encode(value).decode()),
            )

    def settings(self, session: str) -> dict[str, float | str]:
        """All that the person chose in this session."""
        rows = self._database.execute(
            "SELECT name, value FROM settings WHERE session = ?", (session,)
        )
        return {name: msgspec.json.decode(value) for name, value in rows}

    def get_setting(self, session: str, name: str) -> float | str | None:
        """One choice, or None where the person made none."""
        return self.settings(session).get(name)

    def sessions(self) -> list[SessionSummary]:
        """All sessions, the one used last first."""
        rows = self._database.execute(
            "SELECT session, created_unix_ns, updated_unix_ns,"
            " (SELECT count(*) FROM turns t WHERE t.session = s.session) AS turns,"
            " coalesce((SELECT substr(user_text, 1, 60) FROM turns t WHERE t.session = s.session"
            "  AND user_text != '' ORDER BY turn LIMIT 1), '') AS first_words"
            " FROM sessions s ORDER BY updated_unix_ns DESC, session"
        )
        return [msgspec.convert(row, SessionSummary) for row in _named(rows)]

    def export(self, session: str) -> dict[str, Any]:
        """All of a session as plain values for JSON; raises SessionError where there is none."""
        known = [s for s in self.sessions() if s.session == session]
        if not known:
            raise SessionError(f"no session {session!r} in the history: see `streamtalk history`")
        return {
            **msgspec.to_builtins(known[0]),
            "turns": msgspec.to_builtins(self.turns(session)),
            "settings": self.settings(session),
            "timers": msgspec.to_builtins(self.planned_timers(session)),
        }

    def delete(self, session: str | None = None) -> int:
        """Erase a session, or all, from the disk too; returns how many. Their owners lose them."""
        where, values = ("", ()) if session is None else (" WHERE session = ?", (session,))
        return self._erase(where, values)

    def forget_before(self, unix_ns: int) -> int:
        """Erase the sessions that were not used since; returns how many."""
        return self._erase(" WHERE updated_unix_ns < ?", (unix_ns,))

    def _erase(self, where: str, values: tuple[str | int, ...]) -> int:
        with self._transaction():
            count = self._database.execute(f"DELETE FROM sessions{where}", values).rowcount  # noqa: S608 - constant texts
        if count:
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return count

    def _own(self, session: str, term: int, now_ns: int) -> None:
        self._database.execute(
            "INSERT INTO sessions VALUES (?1, ?2, ?3, ?3)"
            " ON CONFLICT DO UPDATE SET term = ?2, updated_unix_ns = ?3",
            (session, term, now_ns),
        )

    def _insert_timer(self, timer: TimerRow) -> bool:
        values = (timer.timer_id, timer.session, timer.due_unix_ns, timer.label)
        return (
            self._database.execute(
                "INSERT OR IGNORE INTO timers VALUES (?, ?, ?, ?, 'planned')", values
            ).rowcount
            == 1
        )

    def _turns(self, condition: str, values: tuple[str | int, ...]) -> list[TurnRow]:
        query = f"SELECT {', '.join(_TURN_COLUMNS)} FROM turns WHERE {condition}"  # noqa: S608 - constant texts
        return [_turn_row(row) for row in _named(self._database.execute(query, values))]

    @contextmanager
    def _owned(self, session: str, term: int) -> Iterator[None]:
        with self._transaction():
            owned = self._database.execute(
                "UPDATE sessions SET updated_unix_ns = ? WHERE session = ? AND term = ?",
                (self._clock(), session, term),
            )
            if owned.rowcount != 1:
                raise SessionError(
                    f"session {session!r} is no longer owned with term {term}: "
                    "another orchestrator has it, or its history was deleted"
                )
            yield

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        finally:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")


def _named(cursor: sqlite3.Cursor) -> Iterator[dict[str, Any]]:
    names = [column[0] for column in cursor.description]
    for row in cursor:
        yield dict(zip(names, row, strict=True))


def _turn_values(row: TurnRow) -> tuple[Any, ...]:
    values = msgspec.structs.asdict(row)
    values["stages_ms"] = msgspec.json.encode(row.stages_ms).decode()
    return tuple(values.values())


def _turn_row(row: dict[str, Any]) -> TurnRow:
    row["stages_ms"] = msgspec.json.decode(row["stages_ms"])
    row["interrupted"] = bool(row["interrupted"])
    return msgspec.convert(row, TurnRow)
