"""The end of a whole stack while people talk: in good order, and by kill -9 of supervisord."""

import os
import re
import signal
import time
from pathlib import Path
from typing import Final

import psutil

from streamtalk.cli.chaos.account import account
from streamtalk.cli.chaos.command_line import streamtalk
from streamtalk.cli.chaos.crowd import People
from streamtalk.cli.chaos.detached import DetachedStack
from streamtalk.cli.chaos.outcome import Check
from streamtalk.cli.chaos.scene import Scene

_LEAVE_S: Final = 30.0
_RECOVER_S: Final = 60.0
_UNKIND: Final = re.compile(r"(exit status [1-9]\d*|terminated by SIG\w+)")


def unkind_ends(log: str) -> list[str]:
    """Lines of supervisord's log about slots that did not end with status 0."""
    return [line for line in log.splitlines() if _UNKIND.search(line)]


def leave(sessions: int, seed: int, *, by_signal: bool) -> Check:
    """`streamtalk down`, or SIGTERM to supervisord."""
    found = Check(
        check="sigterm" if by_signal else "down",
        asked="everybody out <= 15 s with status 0; no orphan, no socket, no ring left",
    )
    with Scene(People(sessions, seed), detached=True) as scene:
        stack = scene.detached
        log = stack.run_dir.logs / "supervisord.log"
        known = len(log.read_text("utf-8"))
        began_s = time.monotonic()
        if by_signal:
            os.kill(stack.pid, signal.SIGTERM)
        else:
            ended = streamtalk(stack.run_dir, "down", limit_s=_LEAVE_S).wait()
            found.broken = [f"down: {ended.last_line}"] if ended.status else []
        _wait_gone(scene, stack.processes(), began_s)
        found.measured["out_s"] = round(time.monotonic() - began_s, 2)
        scene.hush()
        found.broken += [f"process {p.pid} is left" for p in stack.processes()]
        found.broken += unkind_ends(log.read_text("utf-8")[known:])
        found.broken += _files_left(stack, after_signal=by_signal)
    return found


def _files_left(stack: DetachedStack, *, after_signal: bool) -> list[str]:
    """Sockets and rings; supervisord itself cleans nothing, the services take theirs along."""
    patterns = ["rings/*", "s/*-*.sock"] if after_signal else ["rings/*", "s/*.sock"]
    names = [p.name for pattern in patterns for p in Path(stack.run_dir.path).glob(pattern)]
    return [f"{name} is left" for name in names if not name.startswith("bus-")]


def _wait_gone(scene: Scene, processes: list[psutil.Process], began_s: float) -> bool:
    """Until none of them runs; the talk goes on meanwhile."""
    left_s = _LEAVE_S - (time.monotonic() - began_s)
    return scene.wait(lambda: not any(map(_runs, processes)), left_s)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def kill_supervisord(sessions: int, seed: int) -> Check:
    """Kill -9; the services leave by themselves, the next `up` works, the sessions go on."""
    found = Check(
        check="kill supervisord",
        asked="services leave <= 5 s; the next `up` works; the sessions go on",
    )
    with Scene(People(sessions, seed), detached=True) as scene:
        stack = scene.detached
        processes, began_ns = stack.processes(), time.monotonic_ns()
        os.kill(stack.pid, signal.SIGKILL)
        gone = _wait_gone(scene, processes, began_ns / 1e9)
        found.measured["services_left_s"] = round((time.monotonic_ns() - began_ns) / 1e9, 2)
        up = stack.up()
        found.measured["up_again_s"] = round(up.seconds, 2)
        back_ns = time.monotonic_ns()
        well = scene.wait(lambda: scene.well and scene.answered_since(back_ns), _RECOVER_S)
        sums = account(scene.said_since(began_ns))
        found.measured |= {"turns": sums.turns, "told": sums.told, "unanswered": sums.lost}
    if not gone:
        found.broken.append("services stay without supervisord")
    if up.status:
        found.broken.append(f"`up` failed: {up.last_line}")
    if not well:
        missing = scene.missing_since(back_ns)
        found.broken.append(f"not everybody was answered again: {missing}")
    return found
