"""The folder of entries: any number of processes, any of which may be killed at any moment.

Readers take no lock: an entry appears by an atomic rename and is checked when it is read. Writers
take turns by `flock`, which the system releases when its holder dies; so whoever holds it may
remove every temporary file, for nobody else is writing. Nothing is synced to the disk: what a
power failure leaves is found by its checksum, and is a miss.
"""

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from streamtalk.tts.cache.entry import CorruptEntryError, Entry
from streamtalk.tts.cache.key import KEY

_LOCK: Final = "lock"
_TEMPORARY: Final = "writing"
_FOLDER_MODE: Final = 0o700
_FILE_MODE: Final = 0o600


class _Kept(NamedTuple):
    used_ns: int
    size_bytes: int
    path: str


class PieceStore:
    """Entries by key, at most `limit_bytes` of them; the least recently used go first."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self.size_bytes = 0
        """What the entries took when it was last looked at."""

    def prepare(self) -> None:
        """Make the folder, for its owner alone; raises OSError where that cannot be."""
        self._folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        found = self._folder.stat()
        if found.st_uid != os.getuid():
            raise PermissionError(f"{self._folder} belongs to another user")
        if stat.S_IMODE(found.st_mode) != _FOLDER_MODE:
            self._folder.chmod(_FOLDER_MODE)
        with self._turn():
            self._make_room(0)

    def open(self, key: str) -> Entry | None:
        """The entry, now the most recently used; None where there is none that can be read."""
        path = self._path(key)
        with contextlib.ExitStack() as on_failure:
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
                file = on_failure.enter_context(os.fdopen(descriptor, "rb"))
                size_bytes = os.fstat(descriptor).st_size
                os.utime(descriptor)
                entry = Entry(key, file, size_bytes)
            except CorruptEntryError:
                self.drop(key)
                return None
            except OSError:
                return None
            on_failure.pop_all()
        return entry

    def drop(self, key: str) -> None:
        """Remove an entry that has turned out to be damaged."""
        with contextlib.suppress(OSError):
            self._path(key).unlink(missing_ok=True)

    def touch(self, key: str) -> bool:
        """Whether there is an entry; it counts as used."""
        try:
            os.utime(self._path(key), follow_symlinks=False)
        except OSError:
            return False
        return True

    def put(self, key: str, raw: bytes) -> bool:
        """Keep an encoded piece; false where it is too large. Raises OSError when the disk fails.

        Waits for its turn among writers.
        """
        if len(raw) > self._limit_bytes:
            return False
        path = self._path(key)
        with self._turn():
            self._make_room(len(raw))
            temporary = self._folder / _TEMPORARY
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            descriptor = os.open(temporary, flags, _FILE_MODE)
            with open(descriptor, "wb") as file:  # noqa: PTH123 — a descriptor, not a path
                file.write(raw)
            temporary.replace(path)
            self.size_bytes += len(raw)
        return True

    def _path(self, key: str) -> Path:
        if not KEY.fullmatch(key):
            raise ValueError(f"no key of the cache: {key[:80]!r}")
        return self._folder / key

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self._folder / _LOCK, flags, _FILE_MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            (self._folder / _TEMPORARY).unlink(missing_ok=True)
            yield
        finally:
            os.close(descriptor)

    def _make_room(self, wanted_bytes: int) -> None:
        kept = sorted(self._entries())
        total_bytes = sum(entry.size_bytes for entry in kept)
        for entry in kept:
            if total_bytes + wanted_bytes <= self._limit_bytes:
                break
            Path(entry.path).unlink(missing_ok=True)
            total_bytes -= entry.size_bytes
        self.size_bytes = total_bytes

    def _entries(self) -> Iterator[_Kept]:
        with os.scandir(self._folder) as found:
            for entry in found:
                if KEY.fullmatch(entry.name):
                    with contextlib.suppress(FileNotFoundError):
                        seen = entry.stat(follow_symlinks=False)
                        yield _Kept(seen.st_mtime_ns, seen.st_size, entry.path)
