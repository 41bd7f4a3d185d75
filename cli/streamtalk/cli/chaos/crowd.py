"""The talkers' process as its parent sees it: started, read line by line, ended."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from streamtalk.cli.chaos.talker import Barging, Opened, Report, Said
from streamtalk.client.closing import Closing
from streamtalk.client.rundir import RunDir

_DECODER: Final = msgspec.json.Decoder(Report)
_READ_BYTES: Final = 1 << 16
_LEAVE_S: Final = 10.0


@dataclass(frozen=True)
class People:
    """Who talks, and how."""

    sessions: int
    seed: int
    barge: float = 0.0
    """Share of utterances whose reply is cut by the next one."""

    pace_s: float = 0.0
    """Pause beyond the shortest between a reply and the next utterance."""


class Crowd(Closing):
    """Sessions that talk; `read` takes what they reported since."""

    def __init__(self, run_dir: RunDir, people: People) -> None:
        command = [sys.executable, "-m", "streamtalk.cli.chaos.talkers", str(run_dir.path)]
        options = ["--barge", str(people.barge), "--pace-s", str(people.pace_s)]
        self._process = subprocess.Popen(
            [*command, str(people.sessions), str(people.seed), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None  # noqa: S101 — asked for above
        self._rest = b""
        self.descriptor = self._process.stdout.fileno()
        os.set_blocking(self.descriptor, False)
        self.sessions: list[str] = []
        self.said: list[Said] = []
        """Every utterance that is over."""

        self.on_barging: Callable[[str], None] = lambda _: None

    @property
    def pid(self) -> int:
        """Of the edge."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the edge's process still runs."""
        return self._process.poll() is None

    def read(self) -> None:
        """Take what has been reported; never waits."""
        try:
            data = os.read(self.descriptor, _READ_BYTES)
        except BlockingIOError:
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(_DECODER.decode(line))

    def close(self) -> None:
        """The sessions end; an edge that does not leave is killed."""
        process = self._process
        if process.stdin is None or process.stdin.closed:
            return
        process.stdin.close()
        try:
            process.wait(_LEAVE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def _take(self, report: Report) -> None:
        if isinstance(report, Said):
            self.said.append(report)
        elif isinstance(report, Barging):
            self.on_barging(report.session)
        elif isinstance(report, Opened):
            self.sessions = report.sessions
