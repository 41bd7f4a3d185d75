"""A conversation whose voice is Spark-TTS, with random weights: every stage is the real one."""

import json
from pathlib import Path

import pytest

pytest.importorskip("mlx.core")

from streamtalk.tts.spark.tiny_checkpoint import make_checkpoint
from tests.support.questions import write_questions
from tests.support.stack import running_stack

pytestmark = pytest.mark.conversation

QUESTION = "what is seven times eight"


def test_answer_is_spoken_by_spark(tmp_path: Path) -> None:
    """The question is understood, its answer streamed to the sink and heard to its end."""
    config = f"""
[tts]
engine = "spark_mlx"
[tts.engines.spark_mlx]
model = "{make_checkpoint(tmp_path / "model")}"
precision = "fp32"
voices_dir = "{tmp_path / "voices"}"
tokens_per_char = 0.5
least_tokens = 40
"""
    wav = write_questions(tmp_path / "in.wav", (QUESTION,), pause_s=6.0)
    report = tmp_path / "report.json"
    with running_stack(config) as stack:
        done = stack.command("converse", str(wav), "--report", str(report))
    assert done.code == 0, done.err
    found = json.loads(report.read_text())
    (turn,) = found["turns"]
    assert found["engines"]["tts"] == "spark_mlx"
    assert turn["user_text"] == QUESTION
    assert "56" in turn["reply_text"]
    assert turn["heard_text"] == turn["reply_text"]
    assert turn["error"] is None
    assert turn["reply_end_s"] - turn["reply_start_s"] >= 0.5
