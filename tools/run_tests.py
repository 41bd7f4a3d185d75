"""All tests, in three lanes side by side: most of them wait for real time, few compute.

    python tools/run_tests.py [PYTEST ARGUMENTS]

With arguments it is one pytest with these. Exit 1 if anything failed.
"""

import contextlib
import subprocess
import sys
import tempfile
import time
from typing import IO

LANES = {
    "everything else": "not (conversation or perf)",
    "conversations": "conversation",
    "benchmarks and chaos": "perf",
}
"""What pytest's `-m` takes, by name; the first lane is shown while it runs."""

LIMIT_S = 3_600


def pytest(*arguments: str) -> list[str]:
    """The command line of one run."""
    return [sys.executable, "-m", "pytest", *arguments]


class Lane:
    """One run beside the first; its output is kept until it is shown."""

    def __init__(self, name: str, marks: str, output: IO[bytes]) -> None:
        self.name = name
        self._output = output
        line = pytest("-m", marks, "-p", "no:cacheprovider")
        self._process = subprocess.Popen(line, stdout=output, stderr=subprocess.STDOUT)

    def result(self, end_s: float) -> int:
        """Wait for the end; returns the exit status, that of a failure after the limit."""
        try:
            return self._process.wait(max(0.0, end_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            print(f"{self.name}: not over after {LIMIT_S} s")
            return 1

    def show(self) -> None:
        """Print what it said; one that still runs is ended."""
        self._process.terminate()
        self._process.wait()
        self._output.seek(0)
        print(f"\n{self.name}:", flush=True)
        sys.stdout.write(self._output.read().decode(errors="replace"))


def main(arguments: list[str]) -> int:
    """Run; lanes beside the first are shown when everything is over."""
    if arguments:
        return subprocess.run(pytest(*arguments), check=False).returncode
    (shown, marks), *beside = LANES.items()
    end_s = time.monotonic() + LIMIT_S
    with contextlib.ExitStack() as stack:
        lanes = []
        for name, others in beside:
            lane = Lane(name, others, stack.enter_context(tempfile.TemporaryFile()))
            stack.callback(lane.show)
            lanes.append(lane)
        print(f"{' and '.join(lane.name for lane in lanes)}: beside {shown}, shown in the end")
        sys.stdout.flush()
        codes = [subprocess.run(pytest("-m", marks), check=False).returncode]
        codes += [lane.result(end_s) for lane in lanes]
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
