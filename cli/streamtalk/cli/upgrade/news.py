"""How far an upgrade has come: one small file in the run directory, for whoever wants to show it.

It outlives the process that writes it, which goes on from it after a kill.
"""

from pathlib import Path
from typing import Final, Literal

import msgspec

from streamtalk.client.rundir import RunDir

Phase = Literal["waiting", "measuring", "fetching", "loading", "done", "failed"]

OVER: Final = ("done", "failed")
"""Phases after which nothing more happens."""

_FILE: Final = "upgrade.json"
_MB: Final = 1_000_000


class Upgrade(msgspec.Struct, frozen=True, kw_only=True):
    """One upgrade of a stage."""

    service: str
    engine: str
    """What is to serve."""

    model: str
    """As the configuration names it."""

    stand_in: str
    """The engine that serves meanwhile."""

    phase: Phase = "waiting"
    done_bytes: int = 0
    total_bytes: int = 0
    """0: not known yet."""

    bytes_per_s: float = 0.0
    message: str = ""
    """What a person should know: why it waits or failed, or what was chosen and why."""

    @property
    def share(self) -> float:
        """How much of the model is here, 0 to 1."""
        return self.done_bytes / self.total_bytes if self.total_bytes else 0.0

    @property
    def left_s(self) -> float | None:
        """How long the rest will take at this speed; None: nobody knows."""
        if not self.bytes_per_s or not self.total_bytes:
            return None
        return (self.total_bytes - self.done_bytes) / self.bytes_per_s


def read(run_dir: RunDir) -> Upgrade | None:
    """The upgrade of a stack; None where there is none."""
    try:
        return msgspec.json.decode(_path(run_dir).read_bytes(), type=Upgrade)
    except (OSError, msgspec.DecodeError):
        return None


def write(run_dir: RunDir, upgrade: Upgrade) -> None:
    """Replace it, at once or not at all."""
    path = _path(run_dir)
    fresh = path.with_suffix(".json.new")
    fresh.write_bytes(msgspec.json.encode(upgrade))
    fresh.replace(path)


def progress_words(upgrade: Upgrade) -> str:
    """Size, speed and the time that is left."""
    if not upgrade.total_bytes:
        return "asking for its size"
    size_mb = f"{upgrade.done_bytes / _MB:.0f} of {upgrade.total_bytes / _MB:.0f} MB"
    words = [f"{upgrade.share:.0%}", size_mb]
    if upgrade.bytes_per_s:
        words.append(f"{upgrade.bytes_per_s / _MB:.1f} MB/s")
    if upgrade.left_s is not None:
        words.append(f"{duration(upgrade.left_s)} left")
    return ", ".join(words)


def duration(seconds: float) -> str:
    """Minutes and seconds, or hours and minutes."""
    whole_s = round(seconds)
    if whole_s < 60:  # noqa: PLR2004 — a minute
        return f"{whole_s} s"
    if whole_s < 3_600:  # noqa: PLR2004 — an hour
        return f"{whole_s // 60}:{whole_s % 60:02d} min"
    return f"{whole_s // 3_600}:{whole_s % 3_600 // 60:02d} h"


def sentence(upgrade: Upgrade) -> str:
    """What a person is told of the phase, in one line."""
    name = f"{upgrade.service}: {upgrade.engine} {upgrade.model}"
    meanwhile = f"{upgrade.stand_in} serves meanwhile"
    if upgrade.phase == "fetching":
        return f"{name} is being fetched, {meanwhile}"
    if upgrade.phase == "measuring":
        return f"{name}: measuring how quick this machine is, {meanwhile}"
    if upgrade.phase == "loading":
        return f"{name} is here and is being loaded, {meanwhile}"
    if upgrade.phase == "done":
        return f"{name}: {upgrade.message or 'has taken over'}"
    return f"{name} is not here: {upgrade.message or 'about to be fetched'}; {meanwhile}"


def _path(run_dir: RunDir) -> Path:
    return run_dir.slots / _FILE
