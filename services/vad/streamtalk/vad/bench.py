"""What many sessions cost: a real `vad` process, real sockets, microphones in real time.

`python -m streamtalk.vad.bench 64` prints one line of JSON: cores of the whole process (receiving,
judging, publishing), and cores of the model alone for the same sessions.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import psutil
import zmq

from streamtalk.client.peer import Peer
from streamtalk.client.rundir import RunDir
from streamtalk.client.sockets import open_socket
from streamtalk.proto.attachment import Attach, Attached
from streamtalk.proto.audio import FRAME_MS, MIC_FRAME_BYTES, MIC_FRAME_SAMPLES, MIC_RATE_HZ
from streamtalk.proto.codec import decode, encode
from streamtalk.proto.errors import CallError, DeadlineError
from streamtalk.proto.frames import Mic
from streamtalk.proto.health import Health, Probe
from streamtalk.proto.state import VadState
from streamtalk.proto.topics import topic
from streamtalk.vad.batch import window_ns
from streamtalk.vad.canned import voice
from streamtalk.vad.config import SileroSettings, VadConfig
from streamtalk.vad.engines.silero import SileroEngine
from streamtalk.vad.tracker import CHUNK_SAMPLES

START_S: Final = 30.0
_WARM_S: Final = 2.0
_CHUNKS_PER_S: Final = MIC_RATE_HZ / CHUNK_SAMPLES


class Microphones:
    """Sessions whose frames are spread evenly over each 20 ms, as independent edges would be."""

    def __init__(self, bus: zmq.Socket[bytes], sessions: int) -> None:
        self._bus = bus
        self._topics = [topic("audio", "mic", f"bench-{n}") for n in range(sessions)]
        self._pcm = (np.concatenate([voice(), voice() * 0]) * 32_767).astype("<i2").tobytes()
        self._tick = 0

    def run(self, seconds: float) -> None:
        """Publish in real time; what is behind time is sent at once."""
        start_ns = time.monotonic_ns()
        gap_ns = FRAME_MS * 1e6 / len(self._topics)
        for tick in range(int(seconds * 1000 / FRAME_MS)):
            for number, name in enumerate(self._topics):
                due_ns = start_ns + tick * FRAME_MS * 1e6 + number * gap_ns
                ahead_ns = due_ns - time.monotonic_ns()
                if ahead_ns > 0:
                    time.sleep(ahead_ns / 1e9)
                self._send(name)
            self._tick += 1

    def _send(self, name: bytes) -> None:
        header = encode(Mic(stream="bench", sample=self._tick * MIC_FRAME_SAMPLES))
        at = self._tick * MIC_FRAME_BYTES % (len(self._pcm) - MIC_FRAME_BYTES)
        self._bus.send_multipart([name, header, self._pcm[at : at + MIC_FRAME_BYTES]])


def inference_cores(sessions: int, seconds: float = 2.0) -> float:
    """Cores of the model alone, in batches as large as the service's waiting makes them."""
    config = VadConfig()
    waited_s = max(window_ns(config.batch, sessions) / 1e9, 1e-9)
    batch = min(sessions, max(1, round(sessions * _CHUNKS_PER_S * waited_s)))
    engine = SileroEngine(SileroSettings())
    engine.load(batch)
    chunks = np.tile(voice()[:CHUNK_SAMPLES], (batch, 1))
    rounds, end_s = 0, time.monotonic() + seconds
    spent_s = time.thread_time()
    while time.monotonic() < end_s:
        engine.judge(range(batch), chunks)
        rounds += 1
    per_chunk_s = (time.thread_time() - spent_s) / (rounds * batch)
    return per_chunk_s * _CHUNKS_PER_S * sessions


def measure(sessions: int, seconds: float = 10.0) -> dict[str, Any]:
    """Cores that a `vad` process takes for these sessions, and frames that it lost."""
    with (
        tempfile.TemporaryDirectory(prefix="st-") as folder,
        zmq.Context() as context,
        open_socket(context, zmq.SUB, 100_000) as heard,
        open_socket(context, zmq.XPUB, 100_000) as bus,
    ):
        run_dir = RunDir(Path(folder)).prepare()
        heard.setsockopt(zmq.SUBSCRIBE, b"")
        heard.bind(run_dir.bus_in)
        bus.bind(run_dir.bus_out)
        command = [sys.executable, "-m", "streamtalk.vad", "--run-dir", folder]
        with subprocess.Popen(command) as process:
            try:
                _attach_all(context, run_dir, bus, sessions)
                found = _measure_process(psutil.Process(process.pid), bus, sessions, seconds)
            finally:
                process.terminate()
        found["frames_lost"] = _frames_lost(heard)
    return {**found, "inference_cores": round(inference_cores(sessions), 4)}


def _attach_all(
    context: zmq.Context[Any], run_dir: RunDir, bus: zmq.Socket[bytes], sessions: int
) -> None:
    with _connect(context, run_dir) as peer:
        for number in range(sessions):
            session, lease = f"bench-{number}", "bench"
            request = Attach(session=session, stream="bench", ring="", from_sample=0, lease=lease)
            peer.call(request, Attached, START_S)
            bus.recv()


def _connect(context: zmq.Context[Any], run_dir: RunDir) -> Peer:
    end_s = time.monotonic() + START_S
    while time.monotonic() < end_s:
        for path in (run_dir.path / "s").glob("vad_0-*.sock"):
            peer = Peer(context, f"ipc://{path}")
            if _is_ready(peer):
                return peer
            peer.close()
        time.sleep(0.05)
    raise DeadlineError(f"vad was not ready after {START_S:.0f} s; see {run_dir.logs}")


def _is_ready(peer: Peer) -> bool:
    try:
        return peer.call(Probe(), Health, 1.0).instance.ready
    except CallError:
        return False


def _measure_process(
    process: psutil.Process, bus: zmq.Socket[bytes], sessions: int, seconds: float
) -> dict[str, Any]:
    microphones = Microphones(bus, sessions)
    microphones.run(_WARM_S)
    before, start_s = process.cpu_times(), time.monotonic()
    microphones.run(seconds)
    after, elapsed_s = process.cpu_times(), time.monotonic() - start_s
    spent_s = after.user + after.system - before.user - before.system
    return {
        "sessions": sessions,
        "seconds": round(elapsed_s, 1),
        "cores": round(spent_s / elapsed_s, 4),
        "rss_mb": round(process.memory_info().rss / (1 << 20), 1),
        "machine_load": round(os.getloadavg()[0], 1),
    }


def _frames_lost(heard: zmq.Socket[bytes]) -> int:
    lost: dict[bytes, int] = {}
    while heard.poll(100):
        name, header, _ = heard.recv_multipart()
        state = decode(header)
        if isinstance(state, VadState):
            lost[name] = state.frames_lost
    return sum(lost.values())


def main() -> None:
    """Print the measurement of the sessions given on the command line."""
    parser = argparse.ArgumentParser(prog="python -m streamtalk.vad.bench")
    parser.add_argument("sessions", type=int, nargs="?", default=64)
    parser.add_argument("--seconds", type=float, default=10.0)
    arguments = parser.parse_args()
    found = measure(arguments.sessions, arguments.seconds)
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n")


if __name__ == "__main__":
    main()
