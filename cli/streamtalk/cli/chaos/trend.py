"""Whether a process grows: samples of memory, files and threads over hours. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

STEADY_S: Final = 900.0
"""A process may grow for so long after it was first seen, or for a quarter of the whole."""


@dataclass(frozen=True)
class Sample:
    """One process at one time."""

    at_s: float
    slot: str
    pid: int
    rss_mb: float
    files: int
    threads: int


def slope_per_h(points: Sequence[tuple[float, float]]) -> float | None:
    """Least-squares slope of (seconds, value) per hour; None for less than three points."""
    if len(points) < 3:  # noqa: PLR2004 — two points are a line whatever they are
        return None
    mean_s = sum(at_s for at_s, _ in points) / len(points)
    mean = sum(value for _, value in points) / len(points)
    spread = sum((at_s - mean_s) ** 2 for at_s, _ in points)
    if not spread:
        return None
    return 3_600 * sum((at_s - mean_s) * (value - mean) for at_s, value in points) / spread


def trends(samples: Sequence[Sample], seconds: float) -> dict[str, dict[str, Any]]:
    """For each slot its longest-lived process, from when it should be steady."""
    steady_s = min(STEADY_S, seconds / 4)
    found = {}
    for slot in sorted({sample.slot for sample in samples}):
        lives: dict[int, list[Sample]] = {}
        for sample in samples:
            if sample.slot == slot:
                lives.setdefault(sample.pid, []).append(sample)
        longest = max(lives.values(), key=len)
        steady = [sample for sample in longest if sample.at_s - longest[0].at_s >= steady_s]
        found[slot] = _trend(steady or longest[-1:], len(lives))
    return found


def _trend(life: Sequence[Sample], lives: int) -> dict[str, Any]:
    slope = slope_per_h([(sample.at_s, sample.rss_mb) for sample in life])
    return {
        "minutes": round((life[-1].at_s - life[0].at_s) / 60, 1),
        "rss_mb": round(life[-1].rss_mb, 1),
        "rss_slope_mb_per_h": None if slope is None else round(slope, 2),
        "files_drift": life[-1].files - life[0].files,
        "threads_drift": life[-1].threads - life[0].threads,
        "processes": lives,
    }
