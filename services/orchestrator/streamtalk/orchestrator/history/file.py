"""Opening the history file: private, checked, and moved aside when it is broken."""

import logging
import os
import sqlite3
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from streamtalk.orchestrator.history.records import HistoryError
from streamtalk.orchestrator.history.schema import migrate

MEMORY: Final = Path(":memory:")
"""Stands for a history that ends with the process."""

BUSY_MS: Final = 2_000
"""How long a write waits for another process, such as `streamtalk history delete`."""

_CACHE_KIB: Final = 256
"""Pages that SQLite keeps in memory; its own default grows to 2 MiB in the first hours of talk."""

_BROKEN: Final = frozenset({sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT})
_LOG = logging.getLogger(__name__)


def open_history(path: Path, now_unix_ns: int) -> tuple[sqlite3.Connection, str]:
    """Open or make the file; the text says, for a person, whether a broken one was moved aside.

    Raises HistoryError where neither can be done.
    """
    if path == MEMORY:
        return _connect(path), ""
    try:
        try:
            return _open(path), ""
        except sqlite3.DatabaseError as error:
            if not is_broken(error):
                raise
            aside = _move_aside(path, now_unix_ns)
        notice = f"the history was damaged: it is kept as {aside}, and a new one was begun"
        _LOG.error("%s", notice)
        return _open(path), notice
    except (sqlite3.Error, OSError) as error:
        raise HistoryError(f"the history {path} cannot be opened: {advice(error)}") from error


def is_broken(error: sqlite3.Error) -> bool:
    """Whether the file itself is damaged, and not only out of reach."""
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _BROKEN


def advice(error: sqlite3.Error | OSError) -> str:
    """What went wrong with the file, and what a person can do."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    known = {
        sqlite3.SQLITE_FULL: "the disk is full: make room",
        sqlite3.SQLITE_READONLY: "it is read-only: allow writing to it and to its directory",
        sqlite3.SQLITE_CANTOPEN: "its directory is missing or may not be written to",
        sqlite3.SQLITE_IOERR: "reading or writing failed: is the disk full or failing?",
        sqlite3.SQLITE_BUSY: "another program holds it: close that program",
        sqlite3.SQLITE_CORRUPT: "it is damaged: the next start moves it aside",
        sqlite3.SQLITE_NOTADB: "it is no history file: the next start moves it aside",
    }
    return known.get(code, str(error))


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLite gives its -wal and -shm files the mode of the file itself.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    path.chmod(0o600)
    return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None, timeout=BUSY_MS / 1000)
    with ExitStack() as on_failure:
        on_failure.callback(database.close)
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "secure_delete = ON"):
            database.execute(f"PRAGMA {pragma}")
        database.execute("PRAGMA foreign_keys = ON")
        database.execute(f"PRAGMA cache_size = {-_CACHE_KIB}")
        _check(database)
        migrate(database)
        on_failure.pop_all()
    return database


def _check(database: sqlite3.Connection) -> None:
    verdict = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        error = sqlite3.DatabaseError(verdict)
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def _move_aside(path: Path, now_unix_ns: int) -> Path:
    aside = path.with_name(f"{path.name}.damaged-{now_unix_ns // 1_000_000_000}")
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    return aside
