"""Every model is swapped again and again while people talk, beside a talk without a swap."""

import itertools
import time
from typing import Any, Final

from streamtalk.cli.bench_machine import percentile
from streamtalk.cli.chaos.account import Account, account
from streamtalk.cli.chaos.command_line import streamtalk
from streamtalk.cli.chaos.outcome import Check, broken_talk
from streamtalk.cli.chaos.scene import Scene
from streamtalk.cli.chaos.talker import Said
from streamtalk.proto.audio import FRAME_MS
from streamtalk.proto.directory import MODEL_SERVICES

_TURN_S: Final = 30.0
"""A turn of one session never takes as long."""

_SWAP_S: Final = 60.0


def check(scene: Scene, turns: int) -> Check:
    """At least `turns` turns without a swap, then as many with one after another."""
    found = Check(
        check="swap",
        asked="0 sessions dropped, 0 microphone frames lost, 0 turns failed, no more late frames "
        "than without, first audio p95 later by <= 100 ms",
    )
    control = account(_talk(scene, turns))
    swapped, failures, count = _talk_with_swaps(scene, turns)
    everybody = scene.answered_since(swapped[-1].began_ns) or scene.wait(
        lambda: scene.answered_since(swapped[-1].began_ns), _TURN_S
    )
    lost_ms = max(said.mic_frames_lost for said in swapped) * FRAME_MS
    sums = account(swapped)
    found.measured = {"swaps": count, **figures(control, sums), "mic_lost_ms": lost_ms}
    found.broken = [*failures, *broken_talk(sums)]
    if lost_ms:
        found.broken.append(f"{lost_ms} ms of the microphone were lost")
    if not everybody:
        found.broken.append("a session was dropped")
    return found


def figures(control: Account, swapped: Account) -> dict[str, Any]:
    """Turns, late frames and first audio, without and with swaps."""
    before = percentile(list(control.first_audio_ms), 0.95) if control.first_audio_ms else 0.0
    after = percentile(list(swapped.first_audio_ms), 0.95) if swapped.first_audio_ms else 0.0
    return {
        "turns": f"{control.turns} / {swapped.turns}",
        "failed": f"{control.told + control.lost} / {swapped.told + swapped.lost}",
        "late_frames": f"{control.late_frames} / {swapped.late_frames}",
        "gap_ms": f"{control.gap_ms:.0f} / {swapped.gap_ms:.0f}",
        "first_audio_p95_ms": f"{before:.0f} / {after:.0f}",
        "added_p95_ms": round(after - before, 1),
    }


def _talk(scene: Scene, turns: int) -> list[Said]:
    began_ns, limit_s = time.monotonic_ns(), _TURN_S * turns
    scene.wait(lambda: len(_begun_since(scene, began_ns)) >= turns, limit_s)
    return _begun_since(scene, began_ns)


def _begun_since(scene: Scene, began_ns: int) -> list[Said]:
    return [said for said in scene.crowd.said if said.began_ns > began_ns]


def _talk_with_swaps(scene: Scene, turns: int) -> tuple[list[Said], list[str], int]:
    """Each model at least once, and until there are enough turns."""
    began_ns, count = time.monotonic_ns(), 0
    failures: list[str] = []
    for service in itertools.cycle(MODEL_SERVICES):
        enough = len(_begun_since(scene, began_ns)) >= turns
        if (enough and count >= len(MODEL_SERVICES)) or failures:
            break
        command = streamtalk(
            scene.run_dir, "swap", service, "--engine", "scripted", limit_s=_SWAP_S
        )
        scene.wait(lambda command=command: command.ended, _SWAP_S)  # type: ignore[misc]
        ended = command.wait()
        count += 1
        if ended.status:
            failures.append(f"the swap of {service} failed: {ended.last_line}")
    scene.wait(lambda: len(_begun_since(scene, began_ns)) >= turns, _TURN_S)
    return _begun_since(scene, began_ns), failures, count
