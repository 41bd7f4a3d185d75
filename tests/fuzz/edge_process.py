"""An edge with one session in a process of its own: `python -m tests.fuzz.edge_process RUN_DIR`."""

import sys
from pathlib import Path

from streamtalk.client.edge import Edge
from streamtalk.client.rundir import RunDir

SESSION = "s1"


def main() -> None:
    """Push silence and pull speech every 20 ms, until standard input is closed."""
    edge = Edge(RunDir(Path(sys.argv[1])), "fuzz")
    entry = edge.open(SESSION)
    edge.loop.watch(sys.stdin.fileno())
    try:
        while not edge.serve(20):
            edge.push_mic(entry, bytes(640))
            edge.pull_speech(entry)
    finally:
        edge.close()


if __name__ == "__main__":
    main()
