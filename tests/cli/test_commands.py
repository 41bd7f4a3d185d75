"""Commands on a running stack: speaking, hearing, looking."""

import json
import stat
from pathlib import Path

import numpy as np
import pytest
import soundfile

from streamtalk.proto.audio import SPEECH_RATE_HZ
from tests.support.stack import RunningStack

pytestmark = pytest.mark.process

TEXT = "What is seven times eight? Tell me, please, as soon as you know it."


@pytest.fixture(scope="module")
def spoken(stack: RunningStack) -> Path:
    """A file that `say` wrote."""
    path = Path(stack.environment["HOME"]) / "said.wav"
    done = stack.command("say", TEXT, "--out", str(path))
    assert done.code == 0, done.err
    return path


def test_say_writes_the_whole_text_as_speech(spoken: Path) -> None:
    """The file is as long as the text takes and audible from beginning to end."""
    samples, rate_hz = soundfile.read(spoken, dtype="int16")
    assert rate_hz == SPEECH_RATE_HZ
    assert 3.0 < len(samples) / rate_hz < 8.0
    seconds = samples[: len(samples) // rate_hz * rate_hz].reshape(-1, rate_hz)
    assert all(np.abs(second).max() > 1_000 for second in seconds)


def test_say_follows_the_rate(stack: RunningStack, spoken: Path, tmp_path: Path) -> None:
    """Twice as fast is much shorter."""
    path = tmp_path / "fast.wav"
    assert stack.command("say", TEXT, "--rate", "2", "--out", str(path)).code == 0
    assert soundfile.info(path).frames < 0.75 * soundfile.info(spoken).frames


def test_say_without_a_loudspeaker_says_what_to_do(stack: RunningStack) -> None:
    """A machine that cannot play still can write a file."""
    done = stack.command("devices", "--json")
    if done.code == 0 and any(device["outputs"] for device in json.loads(done.out)):
        pytest.skip("this machine has a loudspeaker")
    done = stack.command("say", "hello")
    assert (done.code, "--out" in done.err) == (1, True)


@pytest.mark.parametrize("text", ["", "...", "   "])
def test_say_refuses_what_cannot_be_said(stack: RunningStack, text: str) -> None:
    """Nothing to say is one line, not a file of silence."""
    done = stack.command("say", text, "--out", "none.wav")
    assert (done.code, done.err.count("\n")) == (1, 1)


def test_transcribe_gives_words_in_order(stack: RunningStack, spoken: Path) -> None:
    """Every word has its time within the file, the text is made of words."""
    report = stack.command("transcribe", str(spoken), "--json").json()
    length_s = soundfile.info(spoken).duration
    times = [word["from_s"] for word in report["words"]]
    assert report["text"]
    assert times == sorted(times)
    assert all(0 <= word["from_s"] < word["to_s"] <= length_s + 0.1 for word in report["words"])
    assert report["audio_s"] == pytest.approx(length_s, abs=0.01)


def test_transcribe_refuses_a_language_that_it_cannot_do(stack: RunningStack, spoken: Path) -> None:
    """Chinese is not guessed at by an English model."""
    done = stack.command("transcribe", str(spoken), "--language", "zh")
    assert (done.code, done.out) == (1, "")


def test_transcribe_refuses_what_is_no_audio(stack: RunningStack, tmp_path: Path) -> None:
    """A text file is one clear line."""
    path = tmp_path / "notes.wav"
    path.write_text("not a recording")
    done = stack.command("transcribe", str(path))
    assert (done.code, str(path) in done.err, "Traceback" in done.err) == (1, True, False)


def test_tap_shows_the_directory(stack: RunningStack) -> None:
    """Every service stands in what the registry publishes."""
    done = stack.command("tap", "state.directory", "--json", "--count", "1")
    row = json.loads(done.out)
    assert row["topic"] == "v1.state.directory.all"
    services = {instance["service"] for instance in row["header"]["instances"]}
    assert {"asr", "tts", "vad", "turn", "orchestrator"} <= services


def test_metrics_count_the_calls(stack: RunningStack, spoken: Path) -> None:
    """What `say` asked of the voice is in its histogram."""
    done = stack.command("metrics", "tts")
    assert done.code == 0
    assert 'call="Speak"' in done.out
    assert stack.command("metrics", "nobody").code == 1


def test_status_shows_every_slot_on_a_narrow_terminal(stack: RunningStack) -> None:
    """Eighty columns are enough for names and states."""
    done = stack.command("status")
    assert done.code == 0
    for slot in stack.services():
        assert slot in done.out
    assert "…" not in done.out


def test_history_is_listed_exported_and_erased(stack: RunningStack, spoken: Path) -> None:
    """What was said can be taken along, and taken away."""
    done = stack.command("converse", str(spoken), "--session", "kept-1")
    assert "you:" in done.out, done.err
    listed = stack.command("history", "list", "--json").json()
    assert [row["session"] for row in listed] == ["kept-1"]
    turns = stack.command("history", "export", "kept-1").json()["turns"]
    assert len(turns) == listed[0]["turns"] > 0
    database = next(stack.run_dir.path.glob("history.db"))
    assert stat.S_IMODE(database.stat().st_mode) == 0o600
    assert stack.command("history", "delete", "kept-1").code == 0
    assert stack.command("history", "list", "--json").json() == []
    assert stack.command("history", "delete", "kept-1").code == 1


def test_second_stack_in_the_same_place_is_refused(stack: RunningStack) -> None:
    """The first one goes on as if nothing had happened."""
    before = {slot: row["pid"] for slot, row in stack.services().items()}
    done = stack.command("up")
    assert (done.code, "already runs" in done.err) == (1, True)
    assert before == {slot: row["pid"] for slot, row in stack.services().items()}
