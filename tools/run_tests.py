"""All tests in lanes, four at a time: one computes, politely, the others wait for real time.

    python -m tools.run_tests [PYTEST ARGUMENTS]

Every lane is given the arguments; with `--lane NAME` among them only that one runs. What a lane
prints is shown when it is over. Exit 1 if anything failed.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Final

from tests.support.lanes import LANES, REAL_TIME, UNITS

SEED: Final = 20_261_129
SEEDS: Final = (f"--randomly-seed={SEED}", f"--hypothesis-seed={SEED}")
"""The same order and the same examples in every run; an argument behind them takes over."""

SIDE_BY_SIDE: Final = 4
LIMIT_S: Final = 3_600
_NICE: Final = ("nice", "-n", "10")
_LEAVE_S: Final = 30.0
_NOTHING_SELECTED: Final = 5
"""pytest's exit status when no test was selected."""


@dataclass(frozen=True)
class Ended:
    """How one lane came out."""

    lane: str
    status: int
    seconds: float
    output: str


def command(lane: str, arguments: Sequence[str]) -> list[str]:
    """The command line of a lane; pytest's cache is nobody's when several write it."""
    line = [sys.executable, "-m", "pytest", "--lane", lane, "-p", "no:cacheprovider", *SEEDS]
    return [*(_NICE if lane == UNITS.name else ()), *line, *arguments]


def failures(ended: Sequence[Ended], *, chosen: bool) -> list[str]:
    """Lanes that failed, and why.

    A lane without a test is right only where the arguments have `chosen` some, and not everywhere.
    """
    empty = [each.lane for each in ended if each.status == _NOTHING_SELECTED]
    failed = [
        f"{each.lane}: exit status {each.status}"
        for each in ended
        if each.status not in (0, _NOTHING_SELECTED)
    ]
    if len(empty) == len(ended):
        return [*failed, "no lane selected a test"]
    return failed if chosen else [*failed, *(f"{lane}: no test was selected" for lane in empty)]


class Lanes:
    """Runs of pytest side by side; `stop` ends those that are left."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._arguments = arguments
        self._end_s = time.monotonic() + LIMIT_S
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def run(self, lane: str) -> Ended:
        """One lane to its end; after the limit it is ended, and has failed."""
        began_s = time.monotonic()
        with tempfile.TemporaryFile() as output:
            with self._lock:
                if self._stopped:
                    return Ended(lane, 1, 0.0, "not begun\n")
                process = subprocess.Popen(
                    command(lane, self._arguments), stdout=output, stderr=subprocess.STDOUT
                )
                self._running.add(process)
            status = self._wait(process)
            output.seek(0)
            text = output.read().decode(errors="replace")
        return Ended(lane, status, time.monotonic() - began_s, text)

    def stop(self) -> None:
        """End what still runs, and begin nothing more."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                process.terminate()

    def _wait(self, process: "subprocess.Popen[bytes]") -> int:
        try:
            return process.wait(max(0.0, self._end_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            print(f"not over after {LIMIT_S} s", flush=True)
            process.terminate()
            _leave(process)
            return 1
        finally:
            with self._lock:
                self._running.discard(process)


def _leave(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(_LEAVE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _run(names: Sequence[str], arguments: Sequence[str]) -> list[Ended]:
    """All these lanes, each shown when it is over."""
    lanes, ended = Lanes(arguments), []
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        futures = [pool.submit(lanes.run, name) for name in names]
        try:
            for future in as_completed(futures):
                ended.append(future.result())
                _show(ended[-1])
        finally:
            lanes.stop()
    return ended


def _show(ended: Ended) -> None:
    if ended.status != _NOTHING_SELECTED:
        print(f"\n{ended.lane}, {ended.seconds:.0f} s:\n{ended.output}", flush=True)


def main(arguments: Sequence[str]) -> int:
    """Run the lanes; returns the exit status."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--lane", choices=sorted(LANES))
    given, rest = parser.parse_known_args(arguments)
    names = [given.lane] if given.lane else [UNITS.name, *(lane.name for lane in REAL_TIME)]
    began_s = time.monotonic()
    failed = failures(_run(names, rest), chosen=bool(rest))
    print(f"{len(names)} lanes, {time.monotonic() - began_s:.0f} s")
    for line in failed:
        print(f"FAILED {line}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
