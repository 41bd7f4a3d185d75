"""The faults themselves: signals to a process, and an order to an engine to hang."""

import contextlib
import os
import signal
from pathlib import Path
from typing import Final

from streamtalk.cli.chaos.script import hang_file

_SIGNALS: Final = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


def strike(fault: str, pid: int) -> None:
    """Kill or stop a process; one that is gone already is no error."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, _SIGNALS[fault])


def wake(pid: int) -> None:
    """Let a stopped process go on, if there still is one."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def order_hang(orders: Path, service: str) -> None:
    """The next call of this service's engine never returns."""
    hang_file(orders, service).touch()


def hang_begun(orders: Path, service: str) -> bool:
    """Whether an engine has taken the order."""
    return not hang_file(orders, service).exists()


def withdraw_hang(orders: Path, service: str) -> None:
    """Nobody shall hang any more."""
    hang_file(orders, service).unlink(missing_ok=True)
