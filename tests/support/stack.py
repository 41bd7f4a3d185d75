"""A whole stack for tests: the real services under supervisord, in a private home."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import psutil
import pytest

from streamtalk.cli import bench_machine
from streamtalk.client.rundir import RunDir

_OURS = "STREAMTALK_"
_COMMAND_S = 150.0


@dataclass(frozen=True)
class RunningStack:
    """One stack and the environment that its commands need."""

    run_dir: RunDir
    environment: Mapping[str, str]

    def command(self, *arguments: str, timeout_s: float = _COMMAND_S) -> "Done":
        """Run `streamtalk ARGUMENTS` to its end."""
        return command(self.environment, *arguments, timeout_s=timeout_s)

    def spawn(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:  # noqa: ANN401
        """Start `streamtalk ARGUMENTS` and return at once."""
        return spawn(self.environment, *arguments, **options)

    def spawn_bytes(self, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:  # noqa: ANN401
        """The same with pipes of bytes."""
        process: Any = spawn(self.environment, *arguments, text=False, **options)
        return cast("subprocess.Popen[bytes]", process)

    @staticmethod
    def kill(pid: int) -> None:
        """End a process at once."""
        os.kill(pid, signal.SIGKILL)

    def services(self) -> dict[str, dict[str, Any]]:
        """Rows of `status --json`, by slot."""
        return {row["slot"]: row for row in self.command("status", "--json").json()["services"]}


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:  # noqa: ANN401
        """Standard output as JSON."""
        assert self.code == 0, self.err
        return json.loads(self.out)


def private_environment(folder: Path, **extra: str) -> dict[str, str]:
    """Ours without its settings, with a home of its own and no sound card of the machine."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    for name in ("XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        kept.pop(name, None)
    own = {"HOME": str(folder), "STREAMTALK_RUN_DIR": str(folder / "run"), "COLUMNS": "100"}
    return {**kept, **own, **extra}


def spawn(
    environment: Mapping[str, str],
    *arguments: str,
    **options: Any,  # noqa: ANN401
) -> subprocess.Popen[str]:
    """Start `streamtalk ARGUMENTS` where no configuration file lies."""
    pipe = subprocess.PIPE
    usual = {"stdin": subprocess.DEVNULL, "stdout": pipe, "stderr": pipe, "text": True}
    line = [sys.executable, "-c", "from streamtalk.cli.main import main; main()", *arguments]
    home = environment["HOME"]
    return subprocess.Popen(line, env=dict(environment), cwd=home, **{**usual, **options})


def command(environment: Mapping[str, str], *arguments: str, timeout_s: float = _COMMAND_S) -> Done:
    """Run `streamtalk ARGUMENTS` to its end."""
    with spawn(environment, *arguments) as process:
        try:
            out, err = process.communicate(timeout=timeout_s)
        except BaseException:
            process.kill()
            raise
    return Done(process.returncode, out, err)


def processes_of(folder: Path) -> list[psutil.Process]:
    """Every process that was started for the run directory in `folder`."""
    return bench_machine.processes_of(folder / "run")


@contextmanager
def private_folder() -> Iterator[Path]:
    """A home whose path is short enough for sockets; whatever runs in it is ended with it."""
    folder = Path(tempfile.mkdtemp(prefix="st-", dir="/tmp"))
    try:
        yield folder
    finally:
        for process in processes_of(folder):
            process.kill()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running_stack(config: str = "", **environment: str) -> Iterator[RunningStack]:
    """A stack that is ready, taken down in the end; `config` is the text of its configuration."""
    with private_folder() as folder:
        path = folder / "streamtalk.toml"
        path.write_text(config, encoding="utf-8")
        own = private_environment(folder, **environment)
        found = RunningStack(RunDir(folder / "run"), own)
        up = command(own, "up", "--config", str(path), "--wait-s", "100")
        assert up.code == 0, up.err
        try:
            yield found
        finally:
            down = command(own, "down")
            assert down.code == 0, down.err
            assert processes_of(folder) == []


@pytest.fixture(scope="module")
def stack() -> Iterator[RunningStack]:
    """A stack with the engines of the default install, for all tests of a module."""
    with running_stack() as found:
        yield found
