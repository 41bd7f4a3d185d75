"""The tables, and how an older file becomes a newer one."""

import sqlite3
from typing import Final

from streamtalk.orchestrator.history.records import HistoryError

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
        """CREATE TABLE sessions (
            session TEXT PRIMARY KEY, term INTEGER NOT NULL,
            created_unix_ns INTEGER NOT NULL, updated_unix_ns INTEGER NOT NULL) WITHOUT ROWID""",
        """CREATE TABLE turns (
            session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE, turn INTEGER NOT NULL,
            state TEXT NOT NULL, user_text TEXT NOT NULL, reply_text TEXT NOT NULL,
            heard_text TEXT NOT NULL, interrupted INTEGER NOT NULL, error TEXT,
            stream TEXT NOT NULL, from_sample INTEGER NOT NULL, to_sample INTEGER NOT NULL,
            stages_ms TEXT NOT NULL, started_unix_ns INTEGER NOT NULL,
            updated_unix_ns INTEGER NOT NULL, PRIMARY KEY (session, turn)) WITHOUT ROWID""",
    ),
    (
        """CREATE TABLE settings (
            session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE, name TEXT NOT NULL,
            value TEXT NOT NULL, PRIMARY KEY (session, name)) WITHOUT ROWID""",
        """CREATE TABLE timers (
            timer_id TEXT PRIMARY KEY,
            session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
            due_unix_ns INTEGER NOT NULL, label TEXT NOT NULL,
            state TEXT NOT NULL) WITHOUT ROWID""",
        """CREATE TABLE effects (
            session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE, turn INTEGER NOT NULL,
            name TEXT NOT NULL, PRIMARY KEY (session, turn, name)) WITHOUT ROWID""",
        "CREATE INDEX timers_by_session ON timers (session, state)",
    ),
)
"""Statements that lead from each version to the next; a published one is never changed."""

VERSION: Final = len(MIGRATIONS)


def migrate(database: sqlite3.Connection, to_version: int = VERSION) -> None:
    """Bring the file to `to_version`, each step whole or not at all.

    Raises HistoryError for a file that a newer release wrote.
    """
    while (version := _version(database)) < to_version:
        database.execute("BEGIN IMMEDIATE")
        # Another process may have migrated while this one waited for the lock.
        if _version(database) == version:
            for statement in MIGRATIONS[version]:
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {version + 1}")
        database.execute("COMMIT")
    if version > VERSION:
        raise HistoryError(
            f"the history was written by a newer Stream-Talk (version {version} of its tables, "
            f"this one knows {VERSION}): update Stream-Talk, or move the file away"
        )


def _version(database: sqlite3.Connection) -> int:
    version: int = database.execute("PRAGMA user_version").fetchone()[0]
    return version
