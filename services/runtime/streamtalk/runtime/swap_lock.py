"""The mark that a service is being swapped; it goes when the process that swaps ends, somehow."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from streamtalk.client.rundir import RunDir
from streamtalk.proto.errors import InputError


def _path(run_dir: RunDir, service: str) -> str:
    return f"{run_dir.slots}/{service}.swap"


@contextmanager
def hold_swap_lock(run_dir: RunDir, service: str) -> Iterator[None]:
    """While held, the watchdog leaves it to the holder which instances of the service run.

    Raises InputError when another swap of the service is going on.
    """
    descriptor = os.open(_path(run_dir, service), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        if not _try_lock(descriptor):
            message = f"another swap of {service} is going on; try again when it has ended"
            raise InputError(message)
        yield
    finally:
        os.close(descriptor)


def swap_in_progress(run_dir: RunDir, service: str) -> bool:
    """Whether somebody holds the lock now."""
    try:
        descriptor = os.open(_path(run_dir, service), os.O_RDWR)
    except OSError:
        return False
    try:
        return not _try_lock(descriptor)
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
