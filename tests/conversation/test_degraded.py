"""A stage that does not come back is told of, aloud or in writing; the conversation goes on."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack
import pytest
import zmq

from streamtalk.orchestrator.notices import STAND_IN
from tests.conversation.test_kills import QUESTION
from tests.support.questions import write_questions
from tests.support.recorder import eventually
from tests.support.stack import RunningStack, running_stack

pytestmark = pytest.mark.conversation

CONFIG = "[watchdog]\ncrash_limit = 1\ncrash_window_s = 600\nretry_s = 600\n"


FALLBACK = '[tts]\nfallback = "scripted"\n'


@pytest.fixture
def stack(request: pytest.FixtureRequest) -> Iterator[RunningStack]:
    """A stack whose watchdog gives up on a slot that dies twice."""
    with running_stack(CONFIG + getattr(request, "param", "")) as found:
        yield found


def _lose(stack: RunningStack, service: str) -> None:
    """Kill it until it is not started again."""
    slot = f"{service}_0"

    def gone() -> bool:
        row = stack.services().get(slot)
        if row is not None and row["pid"]:
            stack.kill(row["pid"])
        notes = stack.services()["watchdog_0"]["reason"]
        return row is None and f"{slot} crashes" in notes

    assert eventually(gone, 60.0)


def _ask(stack: RunningStack, folder: Path) -> tuple[dict[str, Any], set[str]]:
    """One question with patience; returns the report's only turn, and the notices of the view."""
    wav = write_questions(folder / "in.wav", [QUESTION], pause_s=14.0)
    report, notices = folder / "report.json", set()
    with zmq.Context() as context, context.socket(zmq.SUB) as states:
        states.setsockopt(zmq.SUBSCRIBE, b"v1.state.session.degraded.")
        states.connect(stack.run_dir.bus_out)
        running = stack.spawn(
            "converse", str(wav), "--session", "degraded", "--report", str(report)
        )
        while running.poll() is None:
            if states.poll(200):
                notices.add(msgpack.unpackb(states.recv_multipart()[1])["notice"])
        running.communicate()
    (turn,) = json.loads(report.read_text())["turns"]
    assert running.returncode == int(turn["error"] is not None)
    return turn, notices


def test_without_a_voice_there_is_text_and_a_tone(stack: RunningStack, tmp_path: Path) -> None:
    """The answer can be read, something can be heard, and nothing counts as heard."""
    _lose(stack, "tts")
    turn, notices = _ask(stack, tmp_path)
    assert turn["user_text"] == QUESTION
    assert "56" in turn["reply_text"]
    assert (turn["heard_text"], turn["error"]) == ("", "not_ready")
    assert turn["reply_start_s"] is not None
    assert any("no voice" in notice for notice in notices)


def test_without_recognition_it_says_that_it_cannot_hear(
    stack: RunningStack, tmp_path: Path
) -> None:
    """Whoever speaks is told at once, and asked to say it again."""
    _lose(stack, "asr")
    turn, notices = _ask(stack, tmp_path)
    assert "can't hear" in turn["heard_text"]
    assert (turn["user_text"], turn["error"]) == ("", "not_ready")
    assert any("can't hear" in notice for notice in notices)


@pytest.mark.parametrize("stack", [FALLBACK], indirect=True)
def test_fallback_speaks_while_the_first_choice_is_away(
    stack: RunningStack, tmp_path: Path
) -> None:
    """Another engine in a process of its own; nothing is said of it, and a view shows who it is."""
    assert {row["rank"] for row in stack.services().values() if row["service"] == "tts"} == {0, 1}
    _lose(stack, "tts")
    turn, notices = _ask(stack, tmp_path)
    assert "56" in turn["reply_text"]
    assert (turn["heard_text"], turn["error"]) == (turn["reply_text"], None)
    assert {notice for notice in notices if notice} == {STAND_IN["tts"].format(engine="scripted")}
