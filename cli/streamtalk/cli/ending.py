"""Ending a process of one's own."""

import subprocess
from typing import Any


def end(process: "subprocess.Popen[Any]", patience_s: float) -> None:
    """SIGTERM, and SIGKILL for one that is not gone after `patience_s`; returns when it is gone."""
    process.terminate()
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
