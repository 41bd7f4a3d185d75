"""When the `vad` service comes round again, seen from inside: no message may wait for the timer."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from streamtalk.client.rundir import RunDir
from streamtalk.proto.attachment import Attach
from streamtalk.proto.codec import encode
from streamtalk.proto.frames import Mic
from streamtalk.proto.topics import topic
from streamtalk.runtime.metrics import ServiceMetrics
from streamtalk.runtime.process import ProcessIdentity
from streamtalk.runtime.service import ServiceContext
from streamtalk.vad.config import ScriptedSettings, VadConfig, VadEngines
from streamtalk.vad.service import VadWorker
from streamtalk.vad.session import Session
from streamtalk.vad.tracker import CHUNK_SAMPLES

pytestmark = pytest.mark.process

LOUD = np.tile(np.array([3_000, -3_000], "<i2"), CHUNK_SAMPLES // 2).tobytes()


@pytest.fixture
def worker(run_dir: Path) -> Iterator[VadWorker]:
    """The service of a free engine, ready, with nobody on the bus."""
    context = ServiceContext(
        ProcessIdentity("vad", "vad_0"),
        RunDir(run_dir).prepare(),
        logging.getLogger("vad"),
        ServiceMetrics("vad"),
    )
    settings = VadEngines(scripted=ScriptedSettings(cost_ms=0.0))
    worker = VadWorker(context, VadConfig(engine="scripted", engines=settings))
    worker.load()
    worker.become_ready()
    worker._engine_thread.start()
    yield worker
    worker._close()


def test_change_out_of_rest_is_repeated_at_the_quick_pace(
    worker: VadWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The timer, set for the slow pace of rest, is told that the next state is due sooner."""
    request = Attach(session="s1", stream="a", ring="", from_sample=0, lease="l")
    worker._attach(request, time.monotonic_ns())
    session = worker._roster.find(request)
    assert isinstance(session, Session)
    session.state_due_ns = 1 << 62
    told: list[int] = []
    monkeypatch.setattr(worker, "wake_at", told.append)
    name = topic("audio", "mic", "s1")
    for chunk in range(4):
        worker.on_message(name, encode(Mic(stream="a", sample=chunk * CHUNK_SAMPLES)), LOUD)
    assert session.state(time.monotonic_ns()).speaking
    assert told
    assert max(told) < time.monotonic_ns() + 200_000_000
