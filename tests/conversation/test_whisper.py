"""The whole stack with faster-whisper on tiny models: rubbish is rejected, words are answered."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from streamtalk.asr.loudness import to_pcm
from streamtalk.cli.reach import Reach
from streamtalk.proto.recognition import Transcribe, Transcript
from tests.conversation.test_kills import QUESTION
from tests.support.questions import spoken, write_each, write_questions
from tests.support.stack import RunningStack, running_stack

pytestmark = pytest.mark.conversation

write_model = pytest.importorskip(
    "tests.support.tiny_whisper", reason="needs streamtalk[whisper]"
).write_model

CONFIG: Final = """
[asr]
engine = "faster_whisper"
[asr.engines.faster_whisper]
model = "{model}"
[orchestrator]
llm_engine = "builtin"
[orchestrator.hearing]
partial_every_ms = {partial_every_ms}
"""


@pytest.fixture(scope="module")
def random_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack whose model says random words, by partials too."""
    model = write_model(tmp_path_factory.mktemp("random"))
    with running_stack(CONFIG.format(model=model, partial_every_ms=250)) as stack:
        yield stack


def test_question_is_answered(tmp_path: Path) -> None:
    """Load, warm, beam search, word times, trust and the turn: each as with published weights."""
    model = write_model(tmp_path / "model", said=QUESTION)
    with running_stack(CONFIG.format(model=model, partial_every_ms=0)) as stack:
        report = tmp_path / "report.json"
        wavs = write_each(tmp_path, [QUESTION] * 2)
        done = stack.command("converse", *wavs, "--report", str(report))
        assert done.code == 0, done.err
        found = json.loads(report.read_text())
        assert [turn["user_text"] for turn in found["turns"]] == [QUESTION] * 2
        assert all("56" in turn["heard_text"] for turn in found["turns"])
        assert found["engines"]["asr"] == "faster_whisper"
        assert stack.services()["asr_0"]["items_done"] >= 2


def test_words_that_nobody_said_are_no_turn(random_stack: RunningStack, tmp_path: Path) -> None:
    """Trust rejects them with a reason that is counted; there is no empty turn and no hang."""
    report = tmp_path / "report.json"
    wav = write_questions(tmp_path / "in.wav", [QUESTION] * 2, pause_s=2.5)
    done = random_stack.command("converse", str(wav), "--report", str(report))
    assert done.code == 0, done.err
    assert json.loads(report.read_text())["turns"] == []
    assert sum(_rejections(random_stack).values()) >= 2
    assert set(_rejections(random_stack)) <= {"improbable", "repetition", "quiet", "no_speech"}
    row = random_stack.services()["asr_0"]
    assert (row["ready"], row["live"]) == (True, True)


def test_rejected_transcript_has_a_reason(random_stack: RunningStack) -> None:
    """An error is never an empty transcript: whoever asks is told why there is no text."""
    pcm = to_pcm(spoken(QUESTION))
    with Reach(random_stack.run_dir) as reach:
        heard = reach.call("asr", Transcribe(language="en"), Transcript, 60.0, pcm)
    assert (heard.text, heard.rejected) == ("", "improbable")


def _rejections(stack: RunningStack) -> dict[str, float]:
    """Counts of rejected transcripts by reason."""
    name = 'streamtalk_asr_rejected_transcripts{reason="'
    lines = stack.command("metrics", "asr").out.splitlines()
    mine = [line.removeprefix(name).split('"} ') for line in lines if line.startswith(name)]
    return {reason: float(count) for reason, count in mine if float(count)}
