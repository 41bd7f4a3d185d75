"""Print what importing a module costs a process: PSS in MiB and milliseconds.

Usage: import_cost.py MODULE...    each in a fresh interpreter, beside one that imports nothing.
"""

import statistics
import subprocess
import sys

RUNS = 5
PROBE = """
import gc, sys, time
import json, logging, logging.handlers, queue, threading, zmq, msgspec
from pathlib import Path
def pss():
    gc.collect()
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
before, start = pss(), time.perf_counter()
for name in sys.argv[1:]:
    __import__(name)
took = (time.perf_counter() - start) * 1000
print(pss() - before, took)
"""


def measure(modules: list[str]) -> tuple[float, float]:
    """Median added PSS in MiB and import time in ms, over fresh interpreters."""
    rows = []
    for _ in range(RUNS):
        command = [sys.executable, "-c", PROBE, *modules]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        rows.append([float(word) for word in output.split()])
    return statistics.median(r[0] for r in rows), statistics.median(r[1] for r in rows)


def main(modules: list[str]) -> None:
    """One line per module, on top of what a service imports anyway."""
    for module in modules:
        pss_mib, import_ms = measure([module])
        print(f"{module:24} +{pss_mib:5.1f} MiB PSS  {import_ms:6.1f} ms  (median of {RUNS})")


if __name__ == "__main__":
    main(sys.argv[1:] or ["streamtalk.proto.codec"])
