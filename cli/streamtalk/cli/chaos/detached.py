"""A stack as people start it: `streamtalk up`, detached, in a run directory of its own."""

import contextlib
import os
import signal
import tempfile
from pathlib import Path
from typing import Any, Final, Self

import psutil

from streamtalk.cli.bench_machine import processes_of
from streamtalk.cli.chaos.command_line import Ended, streamtalk
from streamtalk.cli.toml_text import dump
from streamtalk.client.closing import Closing
from streamtalk.client.rundir import RunDir
from streamtalk.proto.errors import NotReadyError

_UP_S: Final = 90.0


class DetachedStack(Closing):
    """Up on entry; whatever is left of it in the end is killed."""

    def __init__(self, tables: dict[str, Any]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="std-", ignore_cleanup_errors=True)
        self.run_dir = RunDir(Path(self._folder.name) / "run")
        self._config = Path(self._folder.name) / "streamtalk.toml"
        self._config.write_text(dump(tables), encoding="utf-8")

    def __enter__(self) -> Self:
        ended = self.up()
        if ended.status:
            self.close()
            raise NotReadyError(f"`streamtalk up` failed: {ended.last_line}")
        return self

    def up(self) -> Ended:
        """Start it, as often as wanted."""
        return streamtalk(self.run_dir, "up", "--config", str(self._config), limit_s=_UP_S).wait()

    @property
    def pid(self) -> int:
        """The supervisord that runs now."""
        return int((self.run_dir.path / "supervisord.pid").read_text(encoding="ascii"))

    def processes(self) -> list[psutil.Process]:
        """Every process of this run directory, supervisord first."""
        return processes_of(self.run_dir.path)

    def close(self) -> None:
        """Take it down, by force where nothing else helps."""
        streamtalk(self.run_dir, "down").wait()
        for process in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        self._folder.cleanup()
