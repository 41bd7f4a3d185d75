"""Whatever is killed, while a person speaks or while it speaks, the conversation goes on."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgpack
import pytest
import zmq

from streamtalk.client.peer import Peer
from streamtalk.proto.conversation import GetTurns, Turn, Turns
from streamtalk.proto.directory import Directory, Lookup
from streamtalk.proto.errors import CallError, NotReadyError, StreamTalkError
from tests.support.questions import write_each
from tests.support.recorder import eventually
from tests.support.stack import RunningStack

pytestmark = pytest.mark.conversation

SERVICES = ("tts", "asr", "vad", "turn", "orchestrator", "bus", "registry")
QUESTION = "what is seven times eight"


class Onlooker:
    """Sees the phases of one session on the bus, and where the services are."""

    def __init__(self, stack: RunningStack, session: str) -> None:
        self._stack = stack
        self._context = zmq.Context()
        self._states = self._context.socket(zmq.SUB)
        self._states.setsockopt(zmq.SUBSCRIBE, f"v1.state.session.{session}.".encode())
        self._states.connect(stack.run_dir.bus_out)

    def wait_for(self, phase: str, turn: int, timeout_ms: int = 30_000) -> None:
        """Until the session is in that phase of that turn."""
        while self._states.poll(timeout_ms):
            state = msgpack.unpackb(self._states.recv_multipart()[1])
            if state["phase"] == phase and state["turn"] == turn:
                return
        pytest.fail(f"turn {turn} never reached {phase}")

    def kill(self, service: str) -> int:
        """End the service's process at once, by its id, which is returned."""
        with Peer(self._context, self._stack.run_dir.registry) as registry:
            found = registry.call(Lookup(), Directory, 5.0)
        (pid,) = (i.pid for i in found.instances if i.service == service)
        os.kill(pid, signal.SIGKILL)
        return pid

    def turns_after(self, pid: int, session: str) -> list[Turn]:
        """What the orchestrator that follows the process `pid` first says of the session."""
        found: list[Turns] = []

        def told() -> bool:
            try:
                found.append(self._ask_other(pid, GetTurns(session=session)))
            except StreamTalkError:
                return False
            return True

        assert eventually(told, 30.0)
        return found[0].turns

    def _ask_other(self, pid: int, request: GetTurns) -> Turns:
        with Peer(self._context, self._stack.run_dir.registry) as registry:
            found = registry.call(Lookup(), Directory, 1.0)
        ready = [i for i in found.instances if i.service == "orchestrator" and i.ready]
        others = [i.endpoint for i in ready if i.pid != pid]
        if not others:
            raise NotReadyError("no other orchestrator yet")
        with Peer(self._context, others[0]) as peer:
            return peer.call(request, Turns, 1.0)

    def wait_ready(self, service: str) -> None:
        """Until the service has come back."""
        for _ in range(300):
            try:
                with Peer(self._context, self._stack.run_dir.registry) as registry:
                    found = registry.call(Lookup(), Directory, 1.0)
            except CallError:
                continue
            if any(i.service == service and i.ready for i in found.instances):
                return
            self._states.poll(50)
        pytest.fail(f"{service} did not come back")

    def close(self) -> None:
        """Close the sockets."""
        self._context.destroy(linger=0)


@contextmanager
def onlooker(stack: RunningStack, session: str) -> Iterator[Onlooker]:
    """An onlooker, closed in the end."""
    found = Onlooker(stack, session)
    try:
        yield found
    finally:
        found.close()


def converse_and_kill(
    stack: RunningStack, folder: Path, phase: str, service: str
) -> dict[str, Any]:
    """Ask two questions, kill `service` in that phase of the first; returns the report."""
    wavs = write_each(folder, [QUESTION, QUESTION])
    report, session = folder / "report.json", f"kill-{service}-{phase}"
    with onlooker(stack, session) as eyes:
        running = stack.spawn("converse", *wavs, "--session", session, "--report", str(report))
        eyes.wait_for(phase, turn=1)
        eyes.kill(service)
        _, err = running.communicate(timeout=120)
        eyes.wait_ready(service)
    assert running.returncode == 0, err
    found: dict[str, Any] = json.loads(report.read_text())
    return found


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("phase", ["hearing", "speaking"])
def test_conversation_outlives(
    stack: RunningStack, tmp_path: Path, phase: str, service: str
) -> None:
    """The question is answered to the end, so is the next one, and no microphone frame is lost."""
    found = converse_and_kill(stack, tmp_path, phase, service)
    asked = [turn["user_text"] for turn in found["turns"]]
    assert asked == [QUESTION, QUESTION]
    for turn in found["turns"]:
        assert turn["error"] is None
        assert "56" in turn["heard_text"]
    assert found["audio"]["mic_frames_lost"] == 0


def test_turn_before_the_kill_is_reported(stack: RunningStack, tmp_path: Path) -> None:
    """The orchestrator is killed in the second question: both have their turn, with its times.

    The edge begins a question when it was told how the one before ended.
    """
    wavs = write_each(tmp_path, [QUESTION, QUESTION], lead_s=4.0)
    report = tmp_path / "report.json"
    with onlooker(stack, "between") as eyes:
        running = stack.spawn("converse", *wavs, "--session", "between", "--report", str(report))
        eyes.wait_for("hearing", turn=2)
        restored, *_ = eyes.turns_after(eyes.kill("orchestrator"), "between")
        _, err = running.communicate(timeout=120)
        eyes.wait_ready("orchestrator")
    assert running.returncode == 0, err
    assert (restored.turn, restored.state, restored.user_text) == (1, "done", QUESTION)
    found = json.loads(report.read_text())
    before, after = found["turns"]
    assert (before["turn"], after["turn"]) == (1, 2)
    for turn in (before, after):
        assert turn["user_text"] == QUESTION
        assert "56" in turn["heard_text"]
        assert turn["heard_text"] == turn["reply_text"]
        assert None not in (turn["speech_end_s"], turn["reply_start_s"], turn["reply_end_s"])
    assert [one["answered"] for one in found["utterances"]] == [True, True]
