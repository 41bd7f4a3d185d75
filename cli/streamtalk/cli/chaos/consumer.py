"""Peers that read nothing: a subscriber of everything, and a caller that never takes a reply."""

import time
from typing import Any, Final

import zmq

from streamtalk.cli.chaos.account import account
from streamtalk.cli.chaos.outcome import Check, broken_talk
from streamtalk.cli.chaos.scene import Scene, growth_mb
from streamtalk.client.sockets import BoundedContext
from streamtalk.proto.codec import encode
from streamtalk.proto.health import Metrics

_GROWTH_MB: Final = 8.0

_CALLED: Final = ("registry", "orchestrator", "tts", "asr")
_AFTER_S: Final = 60.0


def check(scene: Scene, seconds: float) -> Check:
    """Both at once, for so many seconds, while people talk."""
    found = Check(check="slow consumer", asked="memory +<= 8 MiB; nobody else's turn fails")
    with BoundedContext() as context:
        before_mb, began_ns = scene.rss_mb(), time.monotonic_ns()
        sockets = [_subscriber(context, scene.run_dir.bus_out), *_callers(context, scene)]
        end_s = time.monotonic() + seconds
        sent = 0
        while time.monotonic() < end_s:
            scene.serve()
            sent += sum(_call(socket) for socket in sockets[1:])
        grown_mb, grower = growth_mb(before_mb, scene.rss_mb())
        for socket in sockets:
            socket.close(linger=0)
        well = scene.wait(lambda: scene.answered_since(int(end_s * 1e9)), _AFTER_S)
        sums = account(scene.said_since(began_ns))
    found.measured = {
        "seconds": seconds,
        "calls": sent,
        "growth_mb": f"{grown_mb} ({grower})",
        "turns": sums.turns,
        "failed": sums.told + sums.lost,
        "late_frames": sums.late_frames,
    }
    found.broken = broken_talk(sums)
    if grown_mb > _GROWTH_MB:
        found.broken.append(f"{grower} grew by {grown_mb} MiB")
    if not well:
        missing = scene.missing_since(int(end_s * 1e9))
        found.broken.append(f"not everybody was answered afterwards: {missing}")
    return found


def _subscriber(context: "zmq.Context[Any]", endpoint: str) -> "zmq.Socket[bytes]":
    socket: zmq.Socket[bytes] = context.socket(zmq.SUB)
    socket.setsockopt(zmq.RCVHWM, 1)
    socket.setsockopt(zmq.SUBSCRIBE, b"")
    socket.connect(endpoint)
    return socket


def _callers(context: "zmq.Context[Any]", scene: Scene) -> list["zmq.Socket[bytes]"]:
    found = []
    for service in _CALLED:
        socket: zmq.Socket[bytes] = context.socket(zmq.DEALER)
        socket.setsockopt(zmq.RCVHWM, 1)
        socket.connect(scene.observer.ready(service)[0].endpoint)
        found.append(socket)
    return found


def _call(socket: "zmq.Socket[bytes]") -> int:
    """Ten calls with large replies, as far as they can be sent without waiting."""
    for sent in range(10):
        try:
            socket.send_multipart([b"n", b"", encode(Metrics())], zmq.NOBLOCK)
        except zmq.Again:
            return sent
    return 10
