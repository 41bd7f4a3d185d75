"""The run directory: where one stack's sockets, rings, locks and logs lie, for its owner only."""

import glob
import os
import stat
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from streamtalk.proto.errors import InputError

_SOCKET_PATH_LIMIT: Final = 103 if sys.platform == "darwin" else 107
_LONGEST_SOCKET: Final = "s/audio_io-4194304-012345.sock"
_FOLDERS: Final = ("s", "rings", "slots", "logs")


def user_cache_dir() -> Path:
    """`streamtalk` in the user's cache directory; what lies there may be deleted at any time."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "streamtalk"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "streamtalk"


def default_run_dir() -> Path:
    """`$XDG_RUNTIME_DIR/streamtalk`, else a folder in the user's cache directory."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and Path(runtime).is_dir():
        return Path(runtime) / "streamtalk"
    return user_cache_dir() / "run"


@dataclass(frozen=True)
class RunDir:
    """Names of everything in the run directory."""

    path: Path

    def prepare(self) -> "RunDir":
        """Create it with mode 0700; raises InputError where sockets could not live in it."""
        self.check_length()
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.path.stat().st_uid != os.getuid():
                message = f"{self.path} belongs to another user; name your own with --run-dir"
                raise InputError(message)
            if stat.S_IMODE(self.path.stat().st_mode) & 0o077:
                self.path.chmod(0o700)
            for folder in _FOLDERS:
                (self.path / folder).mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            reason = f"cannot use run directory {self.path}: {error.strerror}"
            message = f"{reason}. Name another with --run-dir"
            raise InputError(message) from error
        return self

    def check_length(self) -> None:
        """Raises InputError when a socket's path would be longer than the system allows."""
        length = len(os.fsencode(self.path / _LONGEST_SOCKET))
        if length > _SOCKET_PATH_LIMIT:
            message = (
                f"run directory {self.path} is {length - _SOCKET_PATH_LIMIT} bytes too long for a "
                f"socket path (limit {_SOCKET_PATH_LIMIT}); name a shorter one with --run-dir"
            )
            raise InputError(message)

    @property
    def bus_in(self) -> str:
        """Endpoint that publishers connect to."""
        return f"ipc://{self.path}/s/bus-in.sock"

    @property
    def bus_out(self) -> str:
        """Endpoint that subscribers connect to."""
        return f"ipc://{self.path}/s/bus-out.sock"

    @property
    def registry(self) -> str:
        """Endpoint of the registry."""
        return f"ipc://{self.path}/s/registry.sock"

    def instance(self, instance: str) -> str:
        """Endpoint of one instance, unique because instance ids are."""
        return f"ipc://{self.path}/s/{instance}.sock"

    def clear_slot(self, slot: str) -> None:
        """Remove the sockets of earlier processes of a slot; whoever holds its lock may do so."""
        for path in (self.path / "s").glob(f"{glob.escape(slot)}-*.sock"):
            path.unlink(missing_ok=True)

    def ring(self, session: str) -> Path:
        """File of a session's microphone ring."""
        return self.path / "rings" / f"{session}.ring"

    @cached_property
    def slots(self) -> Path:
        """Folder of lock files and overlays, one of each per slot; it is asked for every second."""
        return self.path / "slots"

    @property
    def logs(self) -> Path:
        """Folder of the services' own log files."""
        return self.path / "logs"
