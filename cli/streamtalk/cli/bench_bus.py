"""Frames through the bus and calls to it, each beside the same over bare pyzmq, in one run."""

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import zmq

from streamtalk.cli.bench_machine import Meter, percentile
from streamtalk.client.peer import Peer
from streamtalk.client.rundir import RunDir
from streamtalk.client.sockets import (
    BoundedContext,
    open_publisher,
    open_socket,
    open_subscriber,
    receive_parts,
    send_parts,
)
from streamtalk.proto.audio import MIC_FRAME_BYTES
from streamtalk.proto.codec import encode
from streamtalk.proto.errors import CallError, NotReadyError
from streamtalk.proto.frames import Mic
from streamtalk.proto.health import Health, Metrics, MetricsText, Probe
from streamtalk.proto.topics import topic

_START_S: Final = 20.0
_PAUSE_S: Final = 0.002
"""Between two samples, so that each finds idle sockets, as frames every 20 ms do."""

_PCM: Final = bytes(MIC_FRAME_BYTES)
_TOPIC: Final = topic("audio", "mic", "bench")
_HEADER: Final = encode(Mic(stream="bench", sample=0))
_LOST_MS: Final = 2_000

Sample = Callable[[], float]
"""Takes one measurement, in microseconds."""


def measure(rounds: int) -> dict[str, Any]:
    """p50 and p99 of each case in microseconds; the cases take turns, sample by sample."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stb-")))
        run_dir = RunDir(folder).prepare()
        _start(stack, "streamtalk.bus", "--run-dir", str(folder))
        _start(stack, "streamtalk.cli.bench_proxy", str(folder))
        context = stack.enter_context(BoundedContext())
        cases = _cases(stack, context, run_dir)
        meter = Meter()
        found = _take_turns(cases, rounds)
        machine = meter.stop()
    return {"rounds": rounds, "cases": found, "machine": machine}


def _cases(
    stack: contextlib.ExitStack, context: "zmq.Context[Any]", run_dir: RunDir
) -> dict[str, Sample]:
    bare_out = open_socket(context, zmq.PUB)
    bare_in = open_socket(context, zmq.SUB)
    echo = open_socket(context, zmq.DEALER)
    for socket in (bare_out, bare_in, echo):
        stack.callback(socket.close)
    bare_in.setsockopt(zmq.SUBSCRIBE, b"")
    bare_out.connect(f"ipc://{run_dir.path}/in")
    bare_in.connect(f"ipc://{run_dir.path}/out")
    echo.connect(f"ipc://{run_dir.path}/echo")
    publisher = stack.enter_context(contextlib.closing(open_publisher(context, run_dir)))
    subscriber = stack.enter_context(contextlib.closing(open_subscriber(context, run_dir, _TOPIC)))
    peer = stack.enter_context(Peer(context, _endpoint(context, run_dir)))
    _join(publisher, subscriber)
    _join(bare_out, bare_in)
    return {
        "frame": lambda: _frame(publisher, subscriber),
        "frame_bare": lambda: _frame(bare_out, bare_in),
        "call": lambda: _call(peer),
        "call_bare": lambda: _echo(echo),
    }


def _take_turns(cases: dict[str, Sample], rounds: int) -> dict[str, dict[str, float]]:
    taken: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, sample in cases.items():
            time.sleep(_PAUSE_S)
            taken[name].append(sample())
    return {
        name: {"p50_us": round(percentile(row, 0.5), 1), "p99_us": round(percentile(row, 0.99), 1)}
        for name, row in taken.items()
    }


def _frame(publisher: "zmq.Socket[bytes]", subscriber: "zmq.Socket[bytes]") -> float:
    start_ns = time.perf_counter_ns()
    send_parts(publisher, _TOPIC, _HEADER, _PCM)
    if not subscriber.poll(_LOST_MS):
        raise CallError("a frame did not come through the bus")
    receive_parts(subscriber)
    return (time.perf_counter_ns() - start_ns) / 1e3


def _call(peer: Peer) -> float:
    start_ns = time.perf_counter_ns()
    peer.call(Metrics(), MetricsText, 2.0)
    return (time.perf_counter_ns() - start_ns) / 1e3


def _echo(dealer: "zmq.Socket[bytes]") -> float:
    start_ns = time.perf_counter_ns()
    send_parts(dealer, b"", _HEADER)
    if not dealer.poll(_LOST_MS):
        raise CallError("the bare ROUTER did not answer")
    receive_parts(dealer)
    return (time.perf_counter_ns() - start_ns) / 1e3


def _join(publisher: "zmq.Socket[bytes]", subscriber: "zmq.Socket[bytes]") -> None:
    """Publish until something comes through; then take what is still under way."""
    end_s = time.monotonic() + _START_S
    while not subscriber.poll(20):
        if time.monotonic() > end_s:
            raise NotReadyError(f"nothing came through the bus within {_START_S:.0f} s")
        send_parts(publisher, _TOPIC, _HEADER, _PCM)
    while subscriber.poll(100):
        subscriber.recv_multipart()


def _endpoint(context: "zmq.Context[Any]", run_dir: RunDir) -> str:
    end_s = time.monotonic() + _START_S
    while time.monotonic() < end_s:
        for path in (run_dir.path / "s").glob("bus_0-*.sock"):
            with contextlib.suppress(CallError), Peer(context, f"ipc://{path}") as peer:
                if peer.call(Probe(), Health, 1.0).instance.ready:
                    return f"ipc://{path}"
        time.sleep(0.05)
    raise NotReadyError(f"the bus was not ready after {_START_S:.0f} s")


def _start(stack: contextlib.ExitStack, module: str, *arguments: str) -> None:
    process = subprocess.Popen([sys.executable, "-m", module, *arguments])
    stack.callback(process.wait)
    stack.callback(process.terminate)


def lines(found: dict[str, Any]) -> Iterator[str]:
    """The result for a person."""
    names = {
        "frame": f"a {MIC_FRAME_BYTES}-byte frame through the bus",
        "frame_bare": "  the same through pyzmq's bare proxy",
        "call": "a call to the bus process and back",
        "call_bare": "  the same to a bare ROUTER",
    }
    for key, name in names.items():
        row = found["cases"][key]
        yield f"{name:40} p50 {row['p50_us']:8.1f} µs   p99 {row['p99_us']:8.1f} µs"
