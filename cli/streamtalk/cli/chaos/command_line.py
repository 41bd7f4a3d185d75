"""Commands as a person would give them: a process each, with a deadline."""

import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Final

from streamtalk.client.rundir import RunDir

_MAIN: Final = "from streamtalk.cli.main import main; main()"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    """-9 where it did not end in time and was killed."""

    seconds: float
    output: str

    @property
    def last_line(self) -> str:
        """What it said in the end."""
        return self.output.strip().splitlines()[-1] if self.output.strip() else "no output"


class Command:
    """A command that runs while its owner does something else; `wait` is bounded."""

    def __init__(self, arguments: list[str], limit_s: float) -> None:
        self._began_s = time.monotonic()
        self._limit_s = limit_s
        self._process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @property
    def ended(self) -> bool:
        """Whether it has ended, or has run too long."""
        late = time.monotonic() - self._began_s > self._limit_s
        return late or self._process.poll() is not None

    def wait(self) -> Ended:
        """Its end; what is late is killed."""
        left_s = max(0.1, self._limit_s - (time.monotonic() - self._began_s))
        try:
            output, _ = self._process.communicate(timeout=left_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            output, _ = self._process.communicate()
        return Ended(self._process.returncode, time.monotonic() - self._began_s, output)


def streamtalk(run_dir: RunDir, *words: str, limit_s: float = 120.0) -> Command:
    """`streamtalk WORDS --run-dir …`."""
    arguments = [sys.executable, "-c", _MAIN, *words, "--run-dir", str(run_dir.path)]
    return Command(arguments, limit_s)


def service(run_dir: RunDir, name: str, slot: str, limit_s: float = 20.0) -> Command:
    """A service's process in a slot, started by hand."""
    arguments = [sys.executable, "-m", f"streamtalk.{name}", "--run-dir", str(run_dir.path)]
    return Command([*arguments, "--slot", slot], limit_s)
