"""What an earlier stack left, and a second copy of what runs: cleaned or refused, never stolen."""

import socket
import time
from typing import Final

from streamtalk.cli.chaos.command_line import service
from streamtalk.cli.chaos.detached import DetachedStack
from streamtalk.cli.chaos.outcome import Check
from streamtalk.cli.chaos.scene import Scene
from streamtalk.cli.chaos.script import tables
from streamtalk.client.rundir import RunDir
from streamtalk.proto.errors import NotReadyError

_COPIED: Final = ("bus", "registry", "tts", "orchestrator")
_WELL_S: Final = 30.0


def second_copy(scene: Scene) -> Check:
    """A second process for slots that are taken, while people talk."""
    found = Check(
        check="second copy",
        asked="exits with status 1 and a message <= 2 s; the first one is not disturbed",
    )
    before = {i.slot: i.pid for i in scene.observer.directory.instances}
    seconds = []
    for name in _COPIED:
        command = service(scene.run_dir, name, scene.observer.ready(name)[0].slot)
        scene.wait(lambda command=command: command.ended, _WELL_S)  # type: ignore[misc]
        ended = command.wait()
        seconds.append(ended.seconds)
        if ended.status != 1 or not ended.output.strip():
            found.broken.append(f"a second {name} ended with {ended.status}: {ended.last_line}")
    began_ns = time.monotonic_ns()
    if not scene.wait(lambda: scene.answered_since(began_ns), _WELL_S):
        missing = scene.missing_since(began_ns)
        found.broken.append(f"not everybody was answered afterwards: {missing}")
    after = {i.slot: i.pid for i in scene.observer.directory.instances}
    found.measured = {"copies": len(_COPIED), "longest_s": round(max(seconds), 2)}
    found.broken += [f"{slot} was disturbed" for slot in before if before[slot] != after.get(slot)]
    return found


def stale_files() -> Check:
    """`streamtalk up` where sockets, rings, locks and a broken record lie about."""
    found = Check(check="leftovers", asked="`up` works, `down` leaves nothing")
    stack = DetachedStack(tables())
    strew(stack.run_dir.prepare())
    began_s = time.monotonic()
    try:
        with stack:
            found.measured = {"up_s": round(time.monotonic() - began_s, 2)}
            found.broken = [f"{p.name} is left" for p in (stack.run_dir.path / "rings").iterdir()]
    except NotReadyError as error:
        found.broken = [str(error)]
    return found


def strew(run_dir: RunDir) -> None:
    """Leave what a stack leaves that was killed in the middle."""
    for name in ("bus-in", "bus-out", "registry", "tts_0-00ff", "supervisor"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.bind(str(run_dir.path / "s" / f"{name}.sock"))
    run_dir.ring("chaos-0").write_bytes(bytes(1_000))
    (run_dir.slots / "registry.json").write_bytes(b"{broken")
    (run_dir.slots / "tts_0.lock").write_text("4194304")
    (run_dir.path / "supervisord.pid").write_text("4194304")
