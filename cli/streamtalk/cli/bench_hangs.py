"""How soon a hang is found and mended: real processes under a real watchdog, one hang at a time.

A process hangs once it has been silent for the 4 s of the watchdog, or a call is past its budget;
what comes after that moment is the watchdog's own lateness, with the stack that it has written.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from typing import Any, Final

import zmq

from streamtalk.cli.bench_machine import Meter, percentile
from streamtalk.cli.bench_stack import BenchStack, Tables
from streamtalk.client.peer import Peer
from streamtalk.client.sockets import BoundedContext, open_publisher, send_parts
from streamtalk.proto.attachment import Attach, Attached
from streamtalk.proto.audio import MIC_FRAME_BYTES, MIC_FRAME_SAMPLES
from streamtalk.proto.codec import encode
from streamtalk.proto.directory import Instance
from streamtalk.proto.endpointing import Predict, Prediction
from streamtalk.proto.errors import EngineError, NotReadyError, StreamTalkError
from streamtalk.proto.frames import Mic
from streamtalk.proto.health import Health, Metrics, MetricsText, Probe
from streamtalk.proto.message import Reply, Request
from streamtalk.proto.recognition import Transcribe, Transcript
from streamtalk.proto.synthesis import Speak, Spoken
from streamtalk.proto.topics import topic
from streamtalk.watchdog.config import WatchdogConfig

BUDGET_S: Final = 1.0
SILENT_S: Final = WatchdogConfig().silent_s
_WORD: Final = "freeze"
_CALL_S: Final = 0.3
_POLL_S: Final = 0.02
_PATIENCE_S: Final = 60.0


def tables() -> Tables:
    """Each scripted engine goes wrong in a way of its own, once it has work."""
    return {
        "vad": {"engine": "scripted", "engines": {"scripted": {"fault": "hang"}}},
        "asr": {"engine": "scripted", "engines": {"scripted": {"fault": "die"}}},
        "turn": {
            "engine": "scripted",
            "engines": {"scripted": {"fault": "freeze", "fault_text": _WORD}},
        },
        "tts": {
            "engine": "scripted",
            "budget_ms": BUDGET_S * 1_000,
            "budget_ms_per_char": 0,
            "engines": {"scripted": {"fault": "hang", "fault_text": _WORD}},
        },
        "watchdog": {"crash_limit": 1_000},
    }


class _Scene:
    """The stack, and calls that expect no answer."""

    def __init__(self, stack: BenchStack, context: "zmq.Context[Any]") -> None:
        self._stack = stack
        self._context = context

    def stop(self, slot: str) -> None:
        """SIGSTOP, as a debugger or a full host does."""
        os.kill(self.pid(slot), signal.SIGSTOP)

    def call(self, slot: str, request: Request, expected: type[Reply], payload: bytes) -> None:
        """What makes the engine go wrong."""
        with contextlib.suppress(StreamTalkError), self._peer(slot) as peer:
            peer.call(request, expected, _CALL_S, payload)

    def feed(self, slot: str) -> None:
        """Microphone frames of a session, until one of them has wedged the receive thread."""
        publisher = open_publisher(self._context, self._stack.run_dir)
        try:
            with self._peer(slot) as peer:
                attach = Attach(session="s", stream="m", ring="", from_sample=0, lease="l")
                peer.call(attach, Attached, _PATIENCE_S)
                for number in count():
                    mic = Mic(stream="m", sample=number * MIC_FRAME_SAMPLES)
                    name = topic("audio", "mic", "s")
                    send_parts(publisher, name, encode(mic), bytes(MIC_FRAME_BYTES))
                    peer.call(Probe(), Health, _CALL_S)
        except StreamTalkError:
            return
        finally:
            publisher.close(linger=0)

    def pid(self, slot: str) -> int:
        """Of the process that runs there now."""
        return self._stack.stack.supervisor.process(slot).pid

    def is_ready(self, slot: str) -> bool:
        """Whether the process that runs there now serves."""
        return self._instance(slot).ready

    def is_met(self, slot: str) -> bool:
        """Whether the watchdog has had an answer of it."""
        with self._peer(slot) as peer:
            text = peer.call(Metrics(), MetricsText, _CALL_S).text
        return 'call_ms_count{call="Probe"}' in text

    def _peer(self, slot: str) -> Peer:
        return Peer(self._context, self._instance(slot).endpoint)

    def _instance(self, slot: str) -> Instance:
        pid = self.pid(slot)
        for instance in self._stack.stack.directory().instances:
            if (instance.slot, instance.pid) == (slot, pid):
                return instance
        message = f"{slot} has not registered"
        raise NotReadyError(message)


Hang = tuple[str, str, float, Callable[[_Scene], None]]
"""Kind, slot, seconds until it counts as one, how it is brought about."""

HANGS: Final[tuple[Hang, ...]] = (
    ("stopped process", "tts_0", SILENT_S, lambda scene: scene.stop("tts_0")),
    ("receive thread wedged", "vad_0", SILENT_S, lambda scene: scene.feed("vad_0")),
    (
        "GIL held for ever",
        "turn_0",
        SILENT_S,
        lambda scene: scene.call("turn_0", Predict(text=_WORD, silence_ms=1.0), Prediction, b""),
    ),
    (
        "engine past its budget",
        "tts_0",
        BUDGET_S,
        lambda scene: scene.call(
            "tts_0", Speak(session="s", answer="a", piece=0, text=_WORD), Spoken, b""
        ),
    ),
    (
        "engine thread ended",
        "asr_0",
        0.0,
        lambda scene: scene.call("asr_0", Transcribe(), Transcript, bytes(3_200)),
    ),
)


def measure(rounds: int) -> dict[str, Any]:
    """Every hang, `rounds` times over."""
    meter = Meter()
    with BenchStack(tables()) as stack, BoundedContext() as context:
        scene = _Scene(stack, context)
        rows = [_mend(scene, hang) for _ in range(rounds) for hang in HANGS]
    return {"rows": rows, "silent_s": SILENT_S, "machine": meter.stop()}


def _mend(scene: _Scene, hang: Hang) -> dict[str, Any]:
    kind, slot, counts_after_s, bring_about = hang
    _wait(partial(scene.is_ready, slot), slot)
    _wait(partial(scene.is_met, slot), slot)
    pid = scene.pid(slot)
    began_s = time.monotonic()
    bring_about(scene)
    _wait(lambda: scene.pid(slot) != pid, slot)
    killed_s = time.monotonic() - began_s
    _wait(partial(scene.is_ready, slot), slot)
    return {
        "hang": kind,
        "slot": slot,
        "counts_after_s": counts_after_s,
        "killed_after_s": round(killed_s, 2),
        "late_s": round(killed_s - counts_after_s, 2),
        "ready_after_s": round(time.monotonic() - began_s, 2),
    }


def _wait(holds: Callable[[], bool], slot: str) -> None:
    until_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until_s:
        with contextlib.suppress(StreamTalkError):
            if holds():
                return
        time.sleep(_POLL_S)
    message = f"{slot} did not come back in {_PATIENCE_S:.0f} s: is a watchdog running?"
    raise EngineError(message)


def lines(found: dict[str, Any]) -> Iterator[str]:
    """The result for a person, a row for each kind of hang."""
    heads = ("a hang after s", "killed later, p50 / max s", "ready again, p50 s")
    yield f"{'':24}" + "  ".join(f"{head:>25}" for head in heads)
    for kind, _, counts_after_s, _ in HANGS:
        rows = [row for row in found["rows"] if row["hang"] == kind]
        late_s = [row["late_s"] for row in rows]
        ready_s = percentile([row["ready_after_s"] for row in rows], 0.5)
        cells = (f"{counts_after_s}", f"{percentile(late_s, 0.5)} / {max(late_s)}", f"{ready_s}")
        yield f"{kind:24}" + "  ".join(f"{cell:>25}" for cell in cells)
