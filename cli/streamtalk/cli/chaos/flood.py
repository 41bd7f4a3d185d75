"""Rubbish on every socket while people talk: nothing ends, nothing grows, nobody notices."""

import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import zmq

from streamtalk.cli.chaos.account import account
from streamtalk.cli.chaos.outcome import GROWTH_MB, Check, broken_talk
from streamtalk.cli.chaos.plan import SERVICES
from streamtalk.cli.chaos.rubbish import headers, parts, topics
from streamtalk.cli.chaos.scene import Scene, growth_mb
from streamtalk.client.sockets import BoundedContext

_SERVE_EVERY: Final = 200
SESSIONS: Final = ("chaos-0", "chaos-1")
_WELL_S: Final = 60.0


def sockets(scene: Scene) -> dict[str, tuple[str, int]]:
    """Endpoint and kind of peer of every socket of a stack, by name."""
    found = {
        service: (ready[0].endpoint, zmq.DEALER)
        for service in SERVICES
        if (ready := scene.observer.ready(service))
    }
    (edge,) = Path(scene.run_dir.path, "s").glob("chaos-*.sock")
    return {
        **found,
        "registry": (scene.run_dir.registry, zmq.DEALER),
        "edge": (f"ipc://{edge}", zmq.DEALER),
        "bus in": (scene.run_dir.bus_in, zmq.PUB),
        "bus out": (scene.run_dir.bus_out, zmq.XSUB),
    }


def check(scene: Scene, seed: int, messages: int, only: Sequence[str]) -> Check:
    """So many messages on each socket; an empty `only` means all of them."""
    found = Check(check="fuzz", asked="crashes 0, memory +< 50 MiB, nobody's turn fails")
    with BoundedContext() as context:
        before = {i.slot: i.pid for i in scene.observer.directory.instances}
        before_mb, began_ns = scene.rss_mb(), time.monotonic_ns()
        named = {n: s for n, s in sockets(scene).items() if not only or n in only}
        for name, (endpoint, kind) in named.items():
            _pour(scene, context, endpoint, kind, rubbish(name, seed, messages))
        ended_ns = time.monotonic_ns()
        well = scene.wait(lambda: scene.answered_since(ended_ns) and scene.well, _WELL_S)
        after = {i.slot: i.pid for i in scene.observer.directory.instances}
        grown_mb, grower = growth_mb(before_mb, scene.rss_mb())
        sums = account(scene.said_since(began_ns))
    crashed = sorted(slot for slot, pid in before.items() if after.get(slot) != pid)
    found.measured = {
        "sockets": len(named),
        "messages": messages * len(named),
        "seconds": round((ended_ns - began_ns) / 1e9, 1),
        "crashes": len(crashed),
        "growth_mb": f"{grown_mb} ({grower})",
        "turns": sums.turns,
        "failed": sums.told + sums.lost,
    }
    found.broken = [*broken_talk(sums), *(f"{slot} ended" for slot in crashed)]
    if grown_mb > GROWTH_MB:
        found.broken.append(f"{grower} grew by {grown_mb} MiB")
    if not well:
        missing = scene.missing_since(ended_ns)
        found.broken.append(f"not everybody was answered afterwards: {missing}")
    return found


def rubbish(name: str, seed: int, count: int) -> Iterator[list[bytes]]:
    """Messages for a socket, the same for the same seed."""
    rng = random.Random(f"{seed} {name}")  # noqa: S311 — noise, not a key
    if name == "bus in":
        for header in headers(rng, count):
            payload = rng.randbytes(rng.choice([0, 1, 639, 640, 960]))
            yield [topics(rng, SESSIONS), header, *([payload] * rng.choice([0, 1, 1, 1, 3]))]
    elif name == "bus out":
        for number, header in enumerate(headers(rng, count)):
            yield [b"\1" + header[:200] if number % 2 else header[:2_000]]
    else:
        yield from parts(rng, count)


def _pour(
    scene: Scene,
    context: "zmq.Context[Any]",
    endpoint: str,
    kind: int,
    messages: Iterator[list[bytes]],
) -> None:
    """As fast as the other side takes it; replies are read and thrown away."""
    with context.socket(kind) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        socket.connect(endpoint)
        for number, message in enumerate(messages):
            _send(scene, socket, message)
            while kind == zmq.DEALER and socket.poll(0):
                socket.recv_multipart()
            if number % _SERVE_EVERY == 0:
                scene.serve()


def _send(scene: Scene, socket: "zmq.Socket[bytes]", message: list[bytes]) -> None:
    """One message; who does not take any for a while is asked again, and the talk is served."""
    for _ in range(500):
        try:
            socket.send_multipart(message, zmq.NOBLOCK)
        except zmq.Again:
            scene.serve()
        else:
            return
