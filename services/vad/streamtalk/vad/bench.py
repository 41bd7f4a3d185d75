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
from streamtalk.client.sockets import BoundedContext, open_socket
from streamtalk.proto.attachment import Attach
from streamtalk.proto.audio import (
    BYTES_PER_SAMPLE,
    FRAME_MS,
    MIC_FRAME_BYTES,
    MIC_FRAME_SAMPLES,
    MIC_RATE_HZ,
)
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
_MARK: Final = 100_000
_TICKS_PER_S: Final = 1_000 // FRAME_MS
_CHUNKS_PER_S: Final = MIC_RATE_HZ / CHUNK_SAMPLES


class Audience:
    """Sessions in real time: microphones, their leases renewed, the states that come back.

    Frames are spread evenly over each 20 ms, as those of independent edges would be.
    """

    def __init__(self, context: zmq.Context[Any], run_dir: RunDir, sessions: int) -> None:
        self._bus = open_socket(context, zmq.XPUB, _MARK)
        self._heard = open_socket(context, zmq.SUB, _MARK)
        self._calls = open_socket(context, zmq.DEALER)
        self._heard.setsockopt(zmq.SUBSCRIBE, b"")
        self._heard.bind(run_dir.bus_in)
        self._bus.bind(run_dir.bus_out)
        self._names = [f"bench-{number}" for number in range(sessions)]
        self._topics = [topic("audio", "mic", name) for name in self._names]
        self._pcm = (np.concatenate([voice(), voice() * 0]) * 32_767).astype("<i2").tobytes()
        self._tick = 0
        self._sample = 0
        self.lost: dict[bytes, int] = {}

    def attach(self, endpoint: str) -> None:
        """Attach every session and wait until all are subscribed."""
        self._calls.connect(endpoint)
        for name in self._names:
            self._renew(name)
        for _ in self._names:
            if not self._bus.poll(int(START_S * 1000)):
                raise DeadlineError("vad did not subscribe to every microphone")
            self._bus.recv()

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
            self._sample += MIC_FRAME_SAMPLES
            self._keep()

    def close(self) -> None:
        """Close the sockets."""
        for socket in (self._bus, self._heard, self._calls):
            socket.close()

    def _send(self, name: bytes) -> None:
        header = encode(Mic(stream="bench", sample=self._sample))
        at = self._sample * BYTES_PER_SAMPLE % (len(self._pcm) - MIC_FRAME_BYTES)
        self._bus.send_multipart([name, header, self._pcm[at : at + MIC_FRAME_BYTES]])

    def _keep(self) -> None:
        """Renew each lease once a second, and take what came back."""
        self._tick += 1
        for name in self._names[self._tick % _TICKS_PER_S :: _TICKS_PER_S]:
            self._renew(name)
        while self._calls.poll(0):
            self._calls.recv_multipart()
        while self._heard.poll(0):
            where, header, _ = self._heard.recv_multipart()
            state = decode(header)
            if isinstance(state, VadState):
                self.lost[where] = state.frames_lost

    def _renew(self, session: str) -> None:
        request = Attach(session=session, stream="bench", ring="", from_sample=0, lease="bench")
        self._calls.send_multipart([b"bench", b"", encode(request)])


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
    with tempfile.TemporaryDirectory(prefix="st-") as folder, BoundedContext() as context:
        run_dir = RunDir(Path(folder)).prepare()
        audience = Audience(context, run_dir, sessions)
        command = [sys.executable, "-m", "streamtalk.vad", "--run-dir", folder]
        with subprocess.Popen(command) as process:
            try:
                audience.attach(_wait_ready(context, run_dir))
                found = _measure_process(psutil.Process(process.pid), audience, seconds)
            finally:
                process.terminate()
                audience.close()
    return {
        "sessions": sessions,
        **found,
        "inference_cores": round(inference_cores(sessions), 4),
        "sessions_heard": len(audience.lost),
        "frames_lost": sum(audience.lost.values()),
        "machine_load": round(os.getloadavg()[0], 1),
    }


def _wait_ready(context: zmq.Context[Any], run_dir: RunDir) -> str:
    end_s = time.monotonic() + START_S
    while time.monotonic() < end_s:
        for path in (run_dir.path / "s").glob("vad_0-*.sock"):
            if _is_ready(context, f"ipc://{path}"):
                return f"ipc://{path}"
        time.sleep(0.05)
    raise DeadlineError(f"vad was not ready after {START_S:.0f} s")


def _is_ready(context: zmq.Context[Any], endpoint: str) -> bool:
    try:
        with Peer(context, endpoint) as peer:
            return peer.call(Probe(), Health, 1.0).instance.ready
    except CallError:
        return False


def _measure_process(process: psutil.Process, audience: Audience, seconds: float) -> dict[str, Any]:
    audience.run(_WARM_S)
    before, start_s = process.cpu_times(), time.monotonic()
    audience.run(seconds)
    after, elapsed_s = process.cpu_times(), time.monotonic() - start_s
    spent_s = after.user + after.system - before.user - before.system
    return {
        "seconds": round(elapsed_s, 1),
        "cores": round(spent_s / elapsed_s, 4),
        "rss_mb": round(process.memory_info().rss / (1 << 20), 1),
    }


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
