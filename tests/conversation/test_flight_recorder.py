"""A session of a real stack is recorded, and decided again without it."""

import json
import os
import signal
import stat
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streamtalk.cli.flight.file import read_recording
from streamtalk.client.wav import read_microphone
from streamtalk.proto.audio import MIC_RATE_HZ
from tests.support.questions import write_each
from tests.support.stack import RunningStack, command

pytestmark = pytest.mark.conversation

QUESTIONS = ("what time is it", "what is seven times eight")


def replay(stack: RunningStack, file: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON of a replay."""
    out = file.with_suffix(".json")
    done = command(stack.environment, "replay", str(file), "--json", str(out), *options)
    assert done.code in (0, 1), done.err
    return done.code, json.loads(out.read_text())


def listed(stack: RunningStack, file: Path) -> dict[str, Any]:
    """The row of `record list` for this file."""
    rows = stack.command("record", "list", "--json").json()
    (row,) = [row for row in rows if row["file"] == str(file)]
    return dict(row)


@pytest.fixture(scope="module")
def flight(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `a.strec`, a conversation of two turns, and its `report.json`."""
    folder = tmp_path_factory.mktemp("flight")
    wavs = write_each(folder, QUESTIONS)
    file = folder / "a.strec"
    started = stack.command("record", "start", "--file", str(file))
    assert started.code == 0, started.err
    again = stack.command("record", "start")
    assert again.code == 1
    assert "recorded already" in again.err
    assert listed(stack, file)["state"] == "recording"
    report = str(folder / "report.json")
    held = stack.command("converse", *wavs, "--session", "flight", "--report", report)
    assert held.code == 0, held.err
    stopped = stack.command("record", "stop")
    assert stopped.code == 0, stopped.err
    assert "2 turns" in stopped.out
    return folder


def test_recording_is_listed_and_private(stack: RunningStack, flight: Path) -> None:
    """The list says what is in it and why it ended; nobody else may read it."""
    row = listed(stack, flight / "a.strec")
    assert (row["state"], row["turns"], row["sessions"]) == ("stopped", 2, ["flight"])
    assert row["size_bytes"] == (flight / "a.strec").stat().st_size
    assert stat.S_IMODE((flight / "a.strec").stat().st_mode) == 0o600
    assert stat.S_IMODE((stack.run_dir.path / "records").stat().st_mode) == 0o700
    logs = b"".join(path.read_bytes() for path in stack.run_dir.logs.iterdir() if path.is_file())
    assert b"seven times" not in logs


def test_replay_decides_alike(stack: RunningStack, flight: Path) -> None:
    """Each turn comes out as it was, to the sample, and the same every time."""
    code, found = replay(stack, flight / "a.strec")
    assert (code, found["same"]) == (0, True)
    (conversation,) = found["conversations"]
    assert len(conversation["turns"]) == len(QUESTIONS)
    for turn, text in zip(conversation["turns"], QUESTIONS, strict=True):
        assert turn["recorded"] == turn["replayed"]
        assert turn["replayed"]["user_text"] == text
        assert turn["replayed"]["heard_text"] == turn["replayed"]["reply_text"] != ""
        assert turn["replayed"]["prediction"].startswith("finished")
    assert found == replay(stack, flight / "a.strec")[1]


def test_microphone_is_complete(stack: RunningStack, flight: Path) -> None:
    """Every sample that the microphone heard is in the recording, in its place."""
    out = flight / "mic.wav"
    code, _ = replay(stack, flight / "a.strec", "--microphone", str(out))
    assert code == 0
    kept = read_microphone(out)
    sent = np.zeros_like(kept)
    for one in json.loads((flight / "report.json").read_text())["utterances"]:
        samples, begin = read_microphone(Path(one["file"])), round(one["begin_s"] * MIC_RATE_HZ)
        sent[begin : begin + len(samples)] = samples
    assert np.array_equal(sent, kept)


@pytest.mark.parametrize(
    "options, field",
    [
        (("--swap", "asr=scripted"), "user_text"),
        (("--set", "turn.engines.rules.quick_ms=900"), "committed"),
        (("--swap", "vad=scripted"), "speech_start"),
        (("--swap", "tts=scripted"), "reply_end"),
        (("--set", "orchestrator.hearing.max_silence_ms=1"), "committed"),
    ],
)
def test_other_engine_or_rule_shows(
    stack: RunningStack, flight: Path, options: tuple[str, ...], field: str
) -> None:
    """What another engine, or another rule, decides differently is named; that is no failure."""
    code, found = replay(stack, flight / "a.strec", "--latency", "recorded", *options)
    assert (code, found["same"]) == (0, False)
    turns = found["conversations"][0]["turns"]
    assert any(field in turn["different"] for turn in turns)
    assert all(turn["replayed"]["state"] == "done" for turn in turns)
    assert found == replay(stack, flight / "a.strec", "--latency", "recorded", *options)[1]
    assert replay(stack, flight / "a.strec", "--strict", *options)[0] == 1


def test_killed_recorder_leaves_what_it_had(
    stack: RunningStack, flight: Path, tmp_path: Path
) -> None:
    """After kill -9 the file is replayed to its last whole row, and recording begins anew."""
    file = tmp_path / "killed.strec"
    assert stack.command("record", "start", "killed", "--file", str(file)).code == 0
    wavs = sorted(str(path) for path in flight.glob("question-*.wav"))
    held = stack.command("converse", *wavs, "--session", "killed")
    assert held.code == 0, held.err
    os.kill(listed(stack, file)["pid"], signal.SIGKILL)
    assert listed(stack, file)["state"] == "killed"
    code, found = replay(stack, file)
    assert (code, found["same"], found["ended"]) == (0, True, "killed")
    assert [t["replayed"]["user_text"] for t in found["conversations"][0]["turns"]] == [*QUESTIONS]
    assert stack.command("record", "start", "killed").code == 0
    assert stack.command("record", "stop", "killed").code == 0


def test_recording_ends_at_its_limit(stack: RunningStack, tmp_path: Path) -> None:
    """Nobody has to remember to end it; the file says why it ended."""
    file = tmp_path / "limit.strec"
    done = stack.command("record", "start", "--file", str(file), "--limit-s", "1")
    assert done.code == 0, done.err
    deadline = time.monotonic() + 60
    while listed(stack, file)["state"] == "recording":
        assert time.monotonic() < deadline
    assert listed(stack, file)["state"] == "limit"
    assert read_recording(file).ended == "limit"
    nothing = stack.command("record", "stop")
    assert nothing.code == 1
    assert "nothing is being recorded" in nothing.err


@pytest.mark.parametrize(
    "options, code",
    [
        (("record", "start", "No_Name"), 2),
        (("record", "start", "--limit-mb", "0"), 2),
        (("replay", "/nothing"), 1),
        (("replay", "/bin/sh"), 1),
    ],
)
def test_wrong_use_is_refused(stack: RunningStack, options: tuple[str, ...], code: int) -> None:
    """One line that says what to do, and no traceback."""
    done = stack.command(*options)
    assert done.code == code
    assert "Traceback" not in done.err
