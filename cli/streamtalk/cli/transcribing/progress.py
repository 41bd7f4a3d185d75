"""How far a transcript has come, for a person."""

import sys
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from streamtalk.client.closing import Closing
from streamtalk.proto.audio import MIC_RATE_HZ

_MINUTE_S: Final = 60


def clock(seconds: float) -> str:
    """Hours, minutes and seconds."""
    minutes, rest = divmod(int(seconds), _MINUTE_S)
    return f"{minutes // _MINUTE_S}:{minutes % _MINUTE_S:02}:{rest:02}"


class Bar(Closing):
    """A progress bar on standard error: seconds of audio done and in all, and the time left.

    No bar where standard error is no terminal: what is written there stays clean.
    """

    def __init__(self) -> None:
        self._task: TaskID | None = None
        self._total_s: float | None = None
        self.done_s = 0.0
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[done]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def close(self) -> None:
        """Take the bar away."""
        self._bar.stop()

    @property
    def reached(self) -> str:
        """How far it is, in words."""
        whole = f" of {clock(self._total_s)}" if self._total_s is not None else ""
        return f"{clock(self.done_s)}{whole}"

    def begin(self, title: str, total_s: float | None) -> None:
        """The next recording."""
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._total_s, self.done_s = total_s, 0.0
        self._task = self._bar.add_task(title, total=total_s, done=self.reached)

    def at(self, samples: int) -> None:
        """So much of it is done."""
        self.done_s = samples / MIC_RATE_HZ
        if self._task is not None:
            self._bar.update(self._task, completed=self.done_s, done=self.reached)
