"""Hours of conversation with rubbish, swaps and kills in between: does anything grow or fail?"""

import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Final

import psutil
import zmq

from streamtalk.cli.bench_machine import Meter, percentile
from streamtalk.cli.chaos import faults
from streamtalk.cli.chaos.account import account, fate
from streamtalk.cli.chaos.command_line import streamtalk
from streamtalk.cli.chaos.crowd import People
from streamtalk.cli.chaos.flood import rubbish, sockets
from streamtalk.cli.chaos.scene import Scene
from streamtalk.cli.chaos.schedule import TURN_S, Deed, Schedule
from streamtalk.cli.chaos.talker import Said
from streamtalk.cli.chaos.trend import Sample, trends
from streamtalk.client.sockets import BoundedContext

_BARGE_SHARE: Final = 0.2
_TALK_S: Final = 4.0
"""What a turn takes by itself."""

_SWAP_S: Final = 60.0
_RECOVER_S: Final = 60.0
_CALM_S: Final = 20.0


def outside(utterances: Sequence[Said], windows: Sequence[tuple[int, int]]) -> list[Said]:
    """Utterances that meet no time (from, to) at which a fault was at work, nanoseconds."""
    return [
        said
        for said in utterances
        if not any(said.began_ns < end and _over_ns(said) > begin for begin, end in windows)
    ]


def _over_ns(said: Said) -> int:
    return max(said.ended_ns, said.played_ns[-1] if said.played_ns else 0)


class Soak:
    """One long talk."""

    def __init__(self, people: int, seed: int, pace: float, tell: Callable[[str], None]) -> None:
        self._people = People(people, seed, _BARGE_SHARE, max(0.0, TURN_S - _TALK_S))
        self._seed = seed
        self._schedule = Schedule(pace)
        self._tell = tell
        self._rng = random.Random(seed)  # noqa: S311 — an order of sockets, not a key
        self._samples: list[Sample] = []
        self._windows: list[tuple[int, int]] = []
        self._done: dict[str, int] = {}
        self._broken: list[str] = []

    def run(self, hours: float) -> dict[str, Any]:
        """Talk for so long, then judge."""
        meter = Meter()
        with Scene(self._people) as scene, BoundedContext() as context:
            began_s, began_ns = time.monotonic(), time.monotonic_ns()
            while (at_s := time.monotonic() - began_s) < hours * 3_600:
                for deed in self._schedule.due(at_s):
                    self._do(scene, context, deed, at_s)
                scene.serve()
            calm_ns = time.monotonic_ns()
            if not scene.wait(lambda: scene.answered_since(calm_ns), _CALM_S + _RECOVER_S):
                self._broken.append(
                    f"not everybody was answered in the end: {scene.missing_since(calm_ns)}"
                )
            seconds = time.monotonic() - began_s
            said = [each for each in scene.crowd.said if each.began_ns > began_ns]
        return self._judge(said, seconds, meter.stop())

    def _do(self, scene: Scene, context: "zmq.Context[Any]", deed: Deed, at_s: float) -> None:
        self._done[deed.kind] = self._done.get(deed.kind, 0) + 1
        if deed.kind == "sample":
            self._samples.extend(sample(scene, at_s))
            return
        self._tell(f"{at_s:.0f} s: {deed.kind} {deed.target}")
        if deed.kind == "rubbish":
            self._throw(scene, context)
        elif deed.kind == "swap":
            self._swap(scene, deed.target)
        else:
            self._kill(scene, deed.target)

    def _throw(self, scene: Scene, context: "zmq.Context[Any]") -> None:
        """One malformed message to each socket."""
        for name, (endpoint, kind) in sockets(scene).items():
            (message,) = rubbish(name, self._rng.randrange(1 << 30), 1)
            with context.socket(kind) as socket:
                socket.setsockopt(zmq.LINGER, 1_000)
                socket.setsockopt(zmq.SNDTIMEO, 1_000)
                socket.connect(endpoint)
                with suppress(zmq.Again):
                    socket.send_multipart(message)

    def _swap(self, scene: Scene, service: str) -> None:
        command = streamtalk(
            scene.run_dir, "swap", service, "--engine", "scripted", limit_s=_SWAP_S
        )
        scene.wait(lambda: command.ended, _SWAP_S)
        ended = command.wait()
        if ended.status:
            self._broken.append(f"the swap of {service} failed: {ended.last_line}")

    def _kill(self, scene: Scene, service: str) -> None:
        ready = scene.observer.ready(service)
        if not ready:
            self._broken.append(f"{service} was away before it was killed")
            return
        victim = ready[0]
        began_ns = time.monotonic_ns()
        faults.strike("kill", victim.pid)
        scene.wait(lambda: victim.pid not in _pids(scene), _RECOVER_S)
        if not scene.wait(lambda: scene.well and scene.answered_since(began_ns), _RECOVER_S):
            missing = scene.missing_since(began_ns)
            self._broken.append(
                f"not everybody was answered again after a kill of {service}: {missing}"
            )
        self._windows.append((began_ns, time.monotonic_ns()))

    def _judge(
        self, said: Sequence[Said], seconds: float, machine: dict[str, Any]
    ) -> dict[str, Any]:
        calm = outside(said, self._windows)
        failed = [each for each in calm if fate(each) != "answered"]
        inside = account([each for each in said if each not in calm])
        if failed:
            self._broken.append(f"{len(failed)} turns failed outside of every fault")
        if inside.lost:
            self._broken.append(f"{inside.lost} utterances lost in silence during faults")
        return {
            "hours": round(seconds / 3_600, 3),
            "done": self._done,
            "turns": len(said),
            "failed_outside_faults": len(failed),
            "told_in_faults": inside.told,
            "first_audio_p95_ms": first_and_last(calm),
            "services": trends(self._samples, seconds),
            "samples": [asdict(sample) for sample in self._samples],
            "broken": self._broken,
            "machine": machine,
        }


def first_and_last(calm: Sequence[Said]) -> list[int] | None:
    """First audio's 95th percentile in the first and the last quarter of the turns."""
    quarter = len(calm) // 4
    parts = (account(calm[:quarter]), account(calm[len(calm) - quarter :]))
    if not all(part.first_audio_ms for part in parts):
        return None
    return [round(percentile(list(part.first_audio_ms), 0.95)) for part in parts]


def sample(scene: Scene, at_s: float) -> list[Sample]:
    """Every service and the edge, now."""
    named = {**{i.pid: i.slot for i in scene.observer.directory.instances}, scene.crowd.pid: "edge"}
    found = []
    for pid, slot in named.items():
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            rss_mb = process.memory_info().rss / (1 << 20)
            found.append(Sample(at_s, slot, pid, rss_mb, process.num_fds(), process.num_threads()))
    return found


def _pids(scene: Scene) -> set[int]:
    return {instance.pid for instance in scene.observer.directory.instances}
