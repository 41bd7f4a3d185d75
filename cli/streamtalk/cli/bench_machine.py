"""What the benchmarked processes take, and what else the machine was doing meanwhile."""

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from streamtalk.runtime.config import RUN_DIR_VARIABLE


def processes_of(run_dir: Path) -> list[psutil.Process]:
    """Every process that was started for a run directory, the oldest first."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(RUN_DIR_VARIABLE) == str(run_dir):
                found.append(process)
    return sorted(found, key=lambda process: process.pid)


def process_tree(pid: int) -> list[psutil.Process]:
    """A process and all its descendants."""
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def pss_mb(pids: list[int]) -> float | None:
    """Proportional set size of the processes in MiB; None where the system does not tell."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
        except OSError:
            return None
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return round(total / 1024, 1)


@dataclass(frozen=True)
class _Reading:
    at_s: float
    own_s: float
    machine_s: float
    stolen_s: float


class Meter:
    """CPU of this process and its descendants, and of everything else, since construction."""

    def __init__(self) -> None:
        self._begin = self._read()

    def stop(self) -> dict[str, Any]:
        """Cores used by the benchmark and by others, stolen by the host, and the load average."""
        begin, end = self._begin, self._read()
        elapsed_s = end.at_s - begin.at_s
        own = (end.own_s - begin.own_s) / elapsed_s
        busy = (end.machine_s - begin.machine_s) / elapsed_s
        return {
            "seconds": round(elapsed_s, 1),
            "own_cores": round(own, 4),
            "other_cores": round(max(0.0, busy - own), 2),
            "stolen_cores": round((end.stolen_s - begin.stolen_s) / elapsed_s, 2),
            "load_average": round(os.getloadavg()[0], 2),
        }

    @staticmethod
    def _read() -> _Reading:
        own_s = 0.0
        for process in process_tree(os.getpid()):
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                own_s += times.user + times.system
        whole = psutil.cpu_times()
        busy_s = whole.user + whole.system + getattr(whole, "nice", 0.0)
        return _Reading(time.monotonic(), own_s, busy_s, getattr(whole, "steal", 0.0))


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the values lie; raises IndexError where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def load_line(machine: dict[str, Any]) -> str:
    """One line for a person about what else the machine did."""
    return (
        f"machine: {os.cpu_count()} cores, {machine['other_cores']} of them busy with other work, "
        f"{machine['stolen_cores']} stolen, load average {machine['load_average']}"
    )
