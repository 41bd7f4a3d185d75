"""What one process is: its slot, its instance id, its parent."""

import faulthandler
import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

SLOT_VARIABLE = "SUPERVISOR_PROCESS_NAME"
SUPERVISED_VARIABLE = "SUPERVISOR_ENABLED"
STACK_SIGNAL = signal.SIGUSR1
"""Makes a service write the stack of every thread to `<slot>.stack`; sent before a kill."""


@dataclass
class ProcessIdentity:
    """Who this process is."""

    service: str
    slot: str
    instance: str = field(init=False)
    parent: int = field(default_factory=os.getppid)

    def __post_init__(self) -> None:
        # `secrets` would load OpenSSL: 0.7 MiB in every process, for three random bytes.
        self.instance = f"{self.slot}-{os.urandom(3).hex()}"

    def abandoned(self) -> bool:
        """Whether the supervisor that started this process is gone."""
        return SUPERVISED_VARIABLE in os.environ and os.getppid() != self.parent


def slot_of(service: str) -> str:
    """The slot that supervisord gave this process; `<service>_0` when run by hand."""
    return os.environ.get(SLOT_VARIABLE) or f"{service}_0"


def process_runs(pid: int) -> bool:
    """Whether there is a process with this id, ours or not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def dump_stacks_on_signal(path: Path) -> TextIO:
    """On `STACK_SIGNAL`, append every thread's stack to `path`; works while the GIL is held."""
    file = path.open("a", encoding="utf-8")
    faulthandler.register(STACK_SIGNAL, file=file, all_threads=True)
    return file


def tune_interpreter(nice: int) -> None:
    """Switch threads often, so that a busy pure-Python engine delays control by 1 ms, not 5."""
    sys.setswitchinterval(0.0005)
    if nice:
        os.nice(nice)
