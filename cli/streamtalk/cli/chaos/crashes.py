"""A service that dies as soon as it is there, again and again: slowed down, and then as before."""

import time
from typing import Final

from streamtalk.cli.chaos import faults
from streamtalk.cli.chaos.account import account, lost_lines
from streamtalk.cli.chaos.outcome import Check
from streamtalk.cli.chaos.scene import Scene

_SERVICE: Final = "turn"
_BACK_S: Final = 100.0
"""The watchdog starts a crashing slot every 30 s, until it lives."""


def check(scene: Scene, seconds: float) -> Check:
    """Kill every process of the service for so long, while people talk."""
    found = Check(check="crash loop", asked="starts a minute <= 5, nothing lost, back afterwards")
    began_ns, end_s = time.monotonic_ns(), time.monotonic() + seconds
    struck: set[int] = set()
    while time.monotonic() < end_s:
        for instance in scene.observer.instances(_SERVICE):
            if instance.pid not in struck:
                struck.add(instance.pid)
                faults.strike("kill", instance.pid)
        scene.serve()
    calm_ns = time.monotonic_ns()
    back = scene.wait(lambda: scene.well, _BACK_S)
    back_s = (time.monotonic_ns() - calm_ns) / 1e9
    answered = scene.wait(lambda: scene.answered_since(calm_ns), _BACK_S)
    sums = account(scene.said_since(began_ns))
    found.measured = {
        "service": _SERVICE,
        "kills": len(struck),
        "starts_per_minute": round(60 * (len(struck) - 1) / seconds, 1),
        "back_s": round(back_s, 1) if back else None,
        "turns": sums.turns,
        "told": sums.told,
    }
    found.broken += lost_lines(sums)
    if not (back and answered):
        missing = scene.missing_since(calm_ns)
        found.broken.append(f"not everybody was answered afterwards: {missing}")
    return found
