"""The machine sleeps in the middle of a conversation: everything stops, then everything goes on."""

import time
from typing import Final

import psutil

from streamtalk.cli.bench_machine import process_tree
from streamtalk.cli.chaos.account import account, lost_lines
from streamtalk.cli.chaos.outcome import Check
from streamtalk.cli.chaos.scene import Scene

_RECOVER_S: Final = 60.0
_LISTEN_S: Final = 20.0


def check(scene: Scene, seconds: float) -> Check:
    """Stop the edge and the whole stack for so long; nobody may be killed for it."""
    found = Check(
        check="sleep", asked="no process is killed for it, nothing is lost, next turn <= 3 s"
    )
    scene.wait(lambda: _somebody_listens(scene), _LISTEN_S)
    before = {i.slot: i.pid for i in scene.observer.directory.instances}
    sleepers = [psutil.Process(scene.crowd.pid), *process_tree(scene.supervisord_pid)]
    began_ns = time.monotonic_ns()
    try:
        for process in sleepers:
            process.suspend()
        scene.wait(lambda: time.monotonic_ns() - began_ns > seconds * 1e9, seconds + 1)
    finally:
        for process in sleepers:
            process.resume()
    woken_ns = time.monotonic_ns()
    well = scene.wait(lambda: scene.well and scene.answered_since(woken_ns), _RECOVER_S)
    after = {i.slot: i.pid for i in scene.observer.directory.instances}
    sums = account(scene.said_since(began_ns))
    later = account([said for said in scene.crowd.said if said.began_ns > woken_ns])
    killed = sorted(slot for slot, pid in before.items() if after.get(slot) != pid)
    found.measured = {
        "seconds": seconds,
        "killed": len(killed),
        "turns": sums.turns,
        "told": sums.told,
        "lost": sums.lost,
        "repeated_ms": sums.repeated_ms,
        "next_turns_ms": round(max(later.first_audio_ms)) if later.first_audio_ms else None,
    }
    found.broken = [f"{slot} was ended" for slot in killed]
    found.broken += lost_lines(sums)
    if not well:
        missing = scene.missing_since(woken_ns)
        found.broken.append(f"not everybody was answered again: {missing}")
    return found


def _somebody_listens(scene: Scene) -> bool:
    """Whether a reply is being played: then there is something to break off."""
    return any(scene.observer.phase(session) == "S" for session in scene.crowd.sessions)
