"""The registry's memory on disk: replaced atomically, so that a reader never sees half of it."""

import os
from pathlib import Path

import msgspec

from streamtalk.registry.book import Snapshot


def load_snapshot(path: Path) -> Snapshot:
    """What was saved last; an empty one where there is none or it cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Snapshot)
    except (OSError, msgspec.DecodeError):
        return Snapshot()


def save_snapshot(path: Path, snapshot: Snapshot, *, durable: bool) -> None:
    """Replace the file; `durable` also survives a power cut. Raises OSError on a full disk."""
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(snapshot))
        if durable:
            file.flush()
            os.fsync(file.fileno())
    fresh.replace(path)
