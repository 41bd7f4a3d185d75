"""A conversation over a server that fails: every turn is heard, by the next engine of the chain."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.conversation.test_kills import QUESTION
from tests.support.questions import write_questions
from tests.support.recorder import eventually
from tests.support.stack import RunningStack, running_stack
from tests.support.voice_servers.transcribing import TranscribingServer

pytestmark = pytest.mark.conversation

KEY: Final = "sk-canary-5eed-never-write-this-down"
HEARD_BY_SERVER: Final = "What is six times seven?"
CONFIG: Final = """
[asr]
chain = ["openai", "pocketsphinx"]
[asr.engines.openai]
base_url = "{url}/v1"
[orchestrator]
llm_engine = "builtin"
[orchestrator.breaker]
open_s = 0.5
open_max_s = 1.0
"""
FAULTS: Final = ("failing", "html", "stall_early")


@pytest.mark.timeout(400)
def test_every_turn_is_heard_whatever_the_server_does(tmp_path: Path) -> None:
    """By the server, through each fault by PocketSphinx, and by the server again; once each."""
    wav = write_questions(tmp_path / "in.wav", [QUESTION], pause_s=3.0)
    server = TranscribingServer(HEARD_BY_SERVER)
    key = {"STREAMTALK_ASR_OPENAI_API_KEY": KEY}
    with server.serving(), running_stack(CONFIG.format(url=server.url), **key) as stack:
        turns = [_ask(stack, wav, tmp_path)]
        for fault in FAULTS:
            server.fault = fault
            turns.append(_ask(stack, wav, tmp_path))
            server.fault = "none"
            assert eventually(lambda: _is_first_well(stack), 60.0), fault
        turns.append(_ask(stack, wav, tmp_path))
        files = [path for path in stack.run_dir.path.rglob("*") if path.is_file()]
        holders = [path for path in files if KEY.encode() in path.read_bytes()]
    first, *through, last = turns
    assert [first["user_text"], last["user_text"]] == [HEARD_BY_SERVER] * 2
    assert "42" in first["reply_text"]
    assert [turn["user_text"] for turn in through] == [QUESTION] * len(FAULTS)
    assert all("56" in turn["reply_text"] for turn in through)
    assert [turn["error"] for turn in turns] == [None] * len(turns)
    assert holders == []


def _ask(stack: RunningStack, wav: Path, folder: Path) -> dict[str, Any]:
    """The one turn of a conversation."""
    report = folder / "report.json"
    done = stack.command("converse", str(wav), "--report", str(report))
    assert done.code == 0, done.err
    (turn,) = json.loads(report.read_text())["turns"]
    found: dict[str, Any] = turn
    return found


def _is_first_well(stack: RunningStack) -> bool:
    """Whether the first recogniser is ready and used again."""
    row = stack.services().get("asr_0", {})
    metrics = stack.command("metrics", "orchestrator").out
    closed = 'streamtalk_asr_breaker_state{slot="asr_0"} 0' in metrics
    return bool(row.get("ready")) and closed
