"""Which recordings there are: one small file beside each, which also says who writes it."""

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import psutil

from streamtalk.client.rundir import RunDir
from streamtalk.proto.errors import InputError

_ALL: Final = "_all"
"""No session's name: those have no underscore."""


class Entry(msgspec.Struct, kw_only=True):
    """One recording, as far as it has come."""

    name: str
    session: str
    """Empty: every session."""

    file: str
    pid: int
    born_s: float
    """When that process began, so that a later one of the same number is not taken for it."""

    started: str
    size_bytes: int = 0
    duration_s: float = 0.0
    sessions: list[str] = []
    turns: int = 0
    rows: int = 0
    ended: str = ""
    """Why it ended; empty: it runs, or was killed."""

    @property
    def running(self) -> bool:
        """Whether its process still lives."""
        return not self.ended and self.process() is not None

    @property
    def state(self) -> str:
        """`recording`, or why it ended; `deleted` where the file is gone."""
        if self.running:
            return "recording"
        return (self.ended or "killed") if Path(self.file).exists() else "deleted"

    def process(self) -> psutil.Process | None:
        """The recorder, if it is that one."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.born_s) < 1.0
        except psutil.Error:
            return None
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None


@dataclass(frozen=True)
class Roll:
    """The folder of recordings in a run directory, for its owner only."""

    folder: Path

    @classmethod
    def of(cls, run_dir: RunDir) -> "Roll":
        """The run directory's own; made where it is missing."""
        folder = run_dir.path / "records"
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot use {folder}: {error.strerror}") from error
        return cls(folder)

    def entries(self) -> list[Entry]:
        """All recordings, the oldest first; what cannot be read is left out."""
        found = []
        for path in sorted(self.folder.glob("*.json")):
            try:
                found.append(msgspec.json.decode(path.read_bytes(), type=Entry))
            except (OSError, msgspec.DecodeError):
                continue
        return sorted(found, key=lambda entry: entry.started)

    def write(self, entry: Entry) -> None:
        """Replace what is said of a recording, at once or not at all."""
        path = self.folder / f"{entry.name}.json"
        fresh = path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(entry))
        fresh.replace(path)

    def drop(self, entry: Entry) -> None:
        """Say nothing more of a recording."""
        (self.folder / f"{entry.name}.json").unlink(missing_ok=True)

    def lock(self, session: str) -> int:
        """Held by the recorder of a session while it lives; raises InputError for a second one."""
        path = self.folder / f"{session or _ALL}.lock"
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            what = f"session {session}" if session else "every session"
            text = f"{what} is being recorded already: `streamtalk record stop` ends that"
            raise InputError(text) from error
        return descriptor

    def running(self, session: str | None) -> Iterator[Entry]:
        """Recordings under way; of one session, or all of them."""
        for entry in self.entries():
            if entry.running and session in (None, entry.session):
                yield entry
