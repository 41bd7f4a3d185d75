"""A recogniser that hangs is found by the budget that it measured, in time to answer the turn."""

import json
from pathlib import Path

import pytest

from tests.conversation.test_kills import QUESTION
from tests.support.hanging_recogniser import HANG_VARIABLE
from tests.support.questions import write_each
from tests.support.stack import running_stack
from tests.support.tree import ROOT

pytestmark = pytest.mark.conversation

CONFIG = """
[asr]
engine = "tests.support.hanging_recogniser:HangingRecogniser"
[orchestrator]
patience_s = 60
"""
"""On a busy machine the model takes long to load again."""


def test_turn_of_a_hung_recogniser_is_answered(tmp_path: Path) -> None:
    """Without a second one: it is killed past its budget, comes back, and is asked once more."""
    told = tmp_path / "hang"
    with running_stack(CONFIG, PYTHONPATH=str(ROOT), **{HANG_VARIABLE: str(told)}) as stack:
        told.touch()
        report = tmp_path / "report.json"
        wavs = write_each(tmp_path, [QUESTION] * 2)
        done = stack.command("converse", *wavs, "--report", str(report))
        log = (stack.run_dir.logs / "watchdog_0.log").read_text()
    assert done.code == 0, done.err
    turns = json.loads(report.read_text())["turns"]
    assert [(turn["user_text"], turn["error"]) for turn in turns] == [(QUESTION, None)] * 2
    killed = [row for row in map(json.loads, log.splitlines()) if row["event"] == "killed"]
    assert [(row["slot"], row["reason"]) for row in killed] == [("asr_0", "over_budget")]
    assert not told.exists()
