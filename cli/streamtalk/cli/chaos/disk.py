"""The disk of the run directory is full to the last byte, and then it is not."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from streamtalk.cli.chaos.account import account, lost_lines
from streamtalk.cli.chaos.crowd import People
from streamtalk.cli.chaos.outcome import Check
from streamtalk.cli.chaos.scene import Scene

_SIZE_MIB: Final = 64
_TALK_S: Final = 60.0
_BLOCK: Final = bytes(1 << 16)


def check(sessions: int, seed: int) -> Check:
    """People talk before it is full, meanwhile, and afterwards."""
    found = Check(
        check="full disk", asked="0 sessions dropped, nothing lost, no process ends for it"
    )
    with small_disk() as folder:
        if folder is None:
            found.skipped = "no small disk could be mounted (that takes root on Linux)"
            return found
        _talk(found, sessions, seed, folder)
    return found


def _talk(found: Check, sessions: int, seed: int, folder: Path) -> None:
    with Scene(People(sessions, seed), folder=folder) as scene:
        before = {i.slot: i.pid for i in scene.observer.directory.instances}
        filler = folder / "filler"
        fill(filler)
        began_ns = time.monotonic_ns()
        full = scene.wait(lambda: scene.answered_since(began_ns), _TALK_S)
        sums = account(scene.said_since(began_ns))
        filler.unlink()
        freed_ns = time.monotonic_ns()
        free = scene.wait(lambda: scene.answered_since(freed_ns), _TALK_S)
        after = {i.slot: i.pid for i in scene.observer.directory.instances}
    found.measured = {"turns": sums.turns, "told": sums.told, "late_frames": sums.late_frames}
    found.broken = [f"{slot} ended" for slot in sorted(before) if before[slot] != after.get(slot)]
    found.broken += lost_lines(sums)
    if not full:
        found.broken.append(
            f"not everybody was answered while it was full: {scene.missing_since(began_ns)}"
        )
    if not free:
        found.broken.append(
            f"not everybody was answered afterwards: {scene.missing_since(freed_ns)}"
        )


def fill(path: Path) -> None:
    """Write until nothing more fits."""
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(_BLOCK):
                pass
        except OSError:
            return


@contextmanager
def small_disk() -> Iterator[Path | None]:
    """A file system of its own in memory; None where none can be mounted."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if mount is None or umount is None or not sys.platform.startswith("linux"):
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="stf-"))
    command = [mount, "-t", "tmpfs", "-o", f"size={_SIZE_MIB}m,mode=0700", "tmpfs", str(folder)]
    mounted = subprocess.run(command, check=False, capture_output=True).returncode == 0
    try:
        yield folder if mounted else None
    finally:
        if mounted:
            subprocess.run([umount, "-l", str(folder)], check=False, capture_output=True)
        folder.rmdir()
