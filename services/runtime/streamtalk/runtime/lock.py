"""One lock file per slot: a second copy leaves with a clear message instead of stealing sockets."""

import fcntl
import os
from pathlib import Path

from streamtalk.proto.errors import InputError


def lock_slot(folder: Path, slot: str) -> int:
    """Take the slot for the life of this process; returns the descriptor, which nobody need close.

    Raises InputError naming the process that holds it.
    """
    descriptor = os.open(folder / f"{slot}.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(descriptor, 20).decode("ascii", "replace").strip()
        os.close(descriptor)
        message = f"{slot} already runs in {folder.parent} as process {holder or 'unknown'}"
        raise InputError(message) from error
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return descriptor
