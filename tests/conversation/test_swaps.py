"""Models are replaced while a person talks, and the person does not notice."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conversation.test_kills import QUESTION, onlooker
from tests.support.questions import write_each
from tests.support.stack import Done, RunningStack

pytestmark = pytest.mark.conversation


def _converse(
    stack: RunningStack, folder: Path, session: str, act: Callable[[], Done], phase: str
) -> tuple[dict[str, Any], Done]:
    """Three questions; `act` begins in that phase of the first. Returns the report, and its end."""
    wavs = write_each(folder, [QUESTION] * 3, lead_s=4.5)
    report = folder / "report.json"
    with onlooker(stack, session) as eyes:
        running = stack.spawn("converse", *wavs, "--session", session, "--report", str(report))
        eyes.wait_for(phase, turn=1)
        done = act()
        _, err = running.communicate(timeout=120)
    assert running.returncode == 0, err
    return json.loads(report.read_text()), done


def _assert_whole(found: dict[str, Any]) -> None:
    assert [turn["user_text"] for turn in found["turns"]] == [QUESTION] * 3
    for turn in found["turns"]:
        assert turn["error"] is None
        assert turn["heard_text"] == turn["reply_text"]
        assert "56" in turn["heard_text"]
    assert found["audio"]["mic_frames_lost"] == 0


def _slots(stack: RunningStack, service: str) -> list[str]:
    rows = stack.services().values()
    return sorted(row["slot"] for row in rows if row["service"] == service and row["ready"])


@pytest.mark.parametrize(
    "service, phase",
    [
        ("vad", "hearing"),
        ("vad", "speaking"),
        ("turn", "hearing"),
        ("asr", "hearing"),
        ("tts", "speaking"),
    ],
)
def test_new_process_takes_over(
    stack: RunningStack, tmp_path: Path, service: str, phase: str
) -> None:
    """A plain swap: every question is answered to its end, no frame is lost, one instance stays."""
    before = _slots(stack, service)
    found, done = _converse(
        stack,
        tmp_path,
        f"swap-{service}-{phase}",
        lambda: stack.command("swap", service, "--trial-s", "4"),
        phase,
    )
    assert done.code == 0, done.err
    assert "on trial" in done.err
    _assert_whole(found)
    after = _slots(stack, service)
    assert (len(after), after != before) == (1, True)


def test_voice_that_fails_is_taken_back(stack: RunningStack, tmp_path: Path) -> None:
    """It answers its canned request, fails at the first real one, and is gone before a turn is."""
    before = _slots(stack, "tts")
    settings = (
        "--set",
        "engines.scripted.fault=raise",
        "--set",
        'engines.scripted.fault_text="fifty"',
    )
    found, done = _converse(
        stack,
        tmp_path,
        "roll-back",
        lambda: stack.command(
            "swap", "tts", "--engine", "scripted", *settings, "--trial-s", "20", timeout_s=90
        ),
        "speaking",
    )
    assert done.code == 1
    assert "told to fail" in done.err or "pieces of work" in done.err
    assert "tts_" in done.err.splitlines()[-1]
    assert done.err.endswith("is active again\n")
    _assert_whole(found)
    assert _slots(stack, "tts") == before


def test_replicas_share_the_work_and_one_may_die(stack: RunningStack, tmp_path: Path) -> None:
    """Two of each of `vad` and `tts`; the one that is at work is killed."""
    for service in ("vad", "tts"):
        done = stack.command("scale", service, "2")
        assert done.code == 0, done.err
        assert len(_slots(stack, service)) == 2

    def kill() -> Done:
        rows = stack.services().values()
        for service in ("vad", "tts"):
            mine = [row for row in rows if row["service"] == service]
            busiest = max(mine, key=lambda row: (row["queue"], row["items_done"]))
            stack.kill(busiest["pid"])
        return Done(0, "", "")

    found, _ = _converse(stack, tmp_path, "replicas", kill, "speaking")
    _assert_whole(found)
    for service in ("vad", "tts"):
        done = stack.command("scale", service, "1")
        assert done.code == 0, done.err
        assert len(_slots(stack, service)) == 1


@pytest.mark.parametrize("service", ["bus", "orchestrator"])
def test_restart_in_mid_conversation(stack: RunningStack, tmp_path: Path, service: str) -> None:
    """What holds no model is renewed in place; the conversation goes on."""
    before = {slot: row["pid"] for slot, row in stack.services().items()}
    found, done = _converse(
        stack,
        tmp_path,
        f"restart-{service}",
        lambda: stack.command("restart", service),
        "hearing",
    )
    assert done.code == 0, done.err
    _assert_whole(found)
    after = {slot: row["pid"] for slot, row in stack.services().items()}
    assert [slot for slot in before if before[slot] != after.get(slot)] == [f"{service}_0"]
