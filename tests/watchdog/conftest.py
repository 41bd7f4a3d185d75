"""A whole stack under supervisord, quick to start, with a watchdog in a hurry to tidy up."""

import json
import re
import time
import warnings
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import pytest
import zmq

from streamtalk.cli.stack import Stack
from streamtalk.client.peer import Peer
from streamtalk.client.rundir import RunDir
from streamtalk.client.sockets import open_publisher
from streamtalk.proto.attachment import Attach, Attached
from streamtalk.proto.audio import MIC_FRAME_BYTES, MIC_FRAME_SAMPLES
from streamtalk.proto.codec import encode
from streamtalk.proto.directory import Directory, Instance
from streamtalk.proto.endpointing import Predict, Prediction
from streamtalk.proto.errors import CallError, NotReadyError, StreamTalkError
from streamtalk.proto.frames import Mic
from streamtalk.proto.health import Health, Metrics, MetricsText, Probe
from streamtalk.proto.message import Ok
from streamtalk.proto.recognition import Transcribe, Transcript
from streamtalk.proto.synthesis import Cancel, Speak, Spoken
from streamtalk.proto.topics import topic
from streamtalk.runtime.supervision import ProcessState
from tests.support.processes import stop_process
from tests.support.recorder import eventually

PATIENCE_S = 60.0

SETTINGS = {
    "VAD__ENGINE": "scripted",
    "ASR__ENGINE": "scripted",
    "TTS__ENGINE": "scripted",
    "TTS__BUDGET_MS": "300",
    "TTS__BUDGET_MS_PER_CHAR": "0",
    "TTS__ENGINES__SCRIPTED__FAULT": "hang",
    "TTS__ENGINES__SCRIPTED__FAULT_TEXT": "and hang",
    "WATCHDOG__CRASH_LIMIT": "2",
    "WATCHDOG__RETRY_S": "4",
    "WATCHDOG__SURPLUS_S": "2",
}
HOMES = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR")


class Scene:
    """One running stack."""

    def __init__(self, folder: Path) -> None:
        self.run_dir = RunDir(folder)
        self.stack = Stack(self.run_dir)
        with warnings.catch_warnings():
            # supervisord is meant to outlive whoever starts it.
            warnings.filterwarnings("ignore", "subprocess", ResourceWarning)
            self.stack.start(None, None)
        self.context: zmq.Context[Any] = zmq.Context()

    def wait_ready(self) -> None:
        """Every service is ready, and the watchdog has met it."""
        self.stack.wait_ready(PATIENCE_S, lambda _: None)
        assert self.eventually(lambda: all(self.probes(p.slot) for p in self.running()))

    def eventually(self, holds: Callable[[], bool]) -> bool:
        """Whether it becomes true in time; a stack that is being repaired may refuse to say."""

        def quietly() -> bool:
            try:
                return holds()
            except StreamTalkError:
                return False

        return eventually(quietly, PATIENCE_S)

    def running(self) -> list[ProcessState]:
        """What supervisord runs, the watchdog left out."""
        rows = self.stack.supervisor.processes()
        return [row for row in rows if row.state == "RUNNING" and row.slot != "watchdog_0"]

    def process(self, slot: str) -> ProcessState:
        """A slot, as supervisord sees it."""
        return self.stack.supervisor.process(slot)

    def probes(self, slot: str) -> int:
        """How often the process in the slot has been asked how it is."""
        with Peer(self.context, self.instance(slot).endpoint) as peer:
            text = peer.call(Metrics(), MetricsText, 2.0).text
        found = re.search(r'call_ms_count{call="Probe"} (\d+)', text)
        return int(found[1]) if found else 0

    def directory(self) -> Directory:
        """What the registry says."""
        return self.stack.directory()

    def instance(self, slot: str) -> Instance:
        """The instance of the process in a slot; raises NotReadyError before it has registered."""
        pid = self.process(slot).pid
        for instance in self.directory().instances:
            if instance.slot == slot and instance.pid == pid:
                return instance
        message = f"{slot} has not registered"
        raise NotReadyError(message)

    def is_ready(self, slot: str, *, other_than: int) -> bool:
        """Whether a process with another id serves in the slot."""
        instance = self.instance(slot)
        return instance.ready and instance.pid != other_than

    def is_gone(self, slot: str, pid: int) -> bool:
        """Whether supervisord knows that this process of the slot has ended."""
        return self.process(slot).pid != pid

    def stop(self, slot: str) -> int:
        """Stop the process in a slot, and wait until it is; returns its id."""
        pid = self.process(slot).pid
        stop_process(pid)
        return pid

    def pause(self, pause_s: float) -> None:
        """Stop every process that runs, as a host does that pauses the machine."""
        root = psutil.Process(int((self.run_dir.path / "supervisord.pid").read_text()))
        running = [p for p in [root, *root.children()] if p.status() != psutil.STATUS_STOPPED]
        for process in running:
            process.suspend()
        time.sleep(pause_s)
        for process in running:
            process.resume()

    def speak(self, answer: str, text: str) -> None:
        """Have it said; raises PeerLostError when the voice is killed meanwhile."""
        endpoint = self.instance("tts_0").endpoint
        with Peer(self.context, endpoint) as peer:
            peer.call(Speak(session="s", answer=answer, piece=0, text=text), Spoken, PATIENCE_S)
            peer.call(Cancel(session="s", answer=answer), Ok, PATIENCE_S)

    def transcribe(self) -> None:
        """Have a moment of silence transcribed."""
        with Peer(self.context, self.instance("asr_0").endpoint) as peer:
            peer.call(Transcribe(), Transcript, PATIENCE_S, bytes(3_200))

    def hear(self) -> None:
        """Have the next microphone frames of a session judged, however many are lost on the way."""
        attach = Attach(session="s", stream="m", ring="", from_sample=0, lease="l")
        with Peer(self.context, self.instance("vad_0").endpoint) as peer:
            peer.call(attach, Attached, 5.0)
        publisher = open_publisher(self.context, self.run_dir)
        heard = count(0, MIC_FRAME_SAMPLES)

        def silent() -> bool:
            mic = Mic(stream="m", sample=next(heard))
            publisher.send_multipart(
                [topic("audio", "mic", "s"), encode(mic), bytes(MIC_FRAME_BYTES)]
            )
            with Peer(self.context, self.instance("vad_0").endpoint) as peer:
                try:
                    peer.call(Probe(), Health, 0.2)
                except CallError:
                    return True
            return False

        assert self.eventually(silent)
        publisher.close(linger=0)

    def predict(self, text: str) -> None:
        """Have it judged whether this is finished."""
        with Peer(self.context, self.instance("turn_0").endpoint) as peer:
            peer.call(Predict(text=text, silence_ms=100.0), Prediction, PATIENCE_S)

    def kills(self) -> list[tuple[str, str]]:
        """Slot and reason of every kill in the watchdog's log."""
        rows = [row for row in self.log() if row["event"] == "killed"]
        return [(row["slot"], row["reason"]) for row in rows]

    def silences_s(self) -> list[float]:
        """How long, by its own count, the watchdog waited for each process that it found silent."""
        found = [row["detail"] for row in self.log() if row["event"] == "a process hangs"]
        return [float(re.findall(r"[\d.]+", detail)[0]) for detail in found]

    def log(self) -> list[dict[str, Any]]:
        """The lines of the watchdog's log."""
        text = (self.run_dir.logs / "watchdog_0.log").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def metrics(self) -> str:
        """What the watchdog counts."""
        with Peer(self.context, self.instance("watchdog_0").endpoint) as peer:
            return peer.call(Metrics(), MetricsText, 5.0).text

    def close(self) -> None:
        """Take the stack down."""
        self.context.destroy(linger=0)
        self.stack.stop()


@pytest.fixture
def scene(
    request: pytest.FixtureRequest, run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Scene]:
    """A stack that is up, in a home of its own; it is taken down after the test.

    The parameter, if any, holds settings besides those above.
    """
    for name in HOMES:
        monkeypatch.setenv(name, str(run_dir))
    for name, value in {**SETTINGS, **getattr(request, "param", {})}.items():
        monkeypatch.setenv(f"STREAMTALK_{name}", value)
    scene = Scene(run_dir)
    try:
        scene.wait_ready()
        yield scene
    finally:
        scene.close()
