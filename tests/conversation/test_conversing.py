"""A recording is held a conversation with, and the report and the WAV tell what happened."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import zmq

from streamtalk.client.peer import Peer
from streamtalk.client.sink import AUDIBLE_LEVEL
from streamtalk.client.wav import read_microphone
from streamtalk.proto.directory import Directory, Lookup
from streamtalk.proto.recognition import Transcribe, Transcript
from tests.support.questions import write_each
from tests.support.recordings import recording
from tests.support.stack import RunningStack

pytestmark = pytest.mark.conversation

QUESTIONS = ("what time is it", "what is seven times eight", "what did i say")
ANSWERS = """#JSGF V1.0;
grammar answers;
public <answer> = seven times eight is fifty six | seven times nine is sixty three
  | six times eight is forty eight | eight times eight is sixty four | two times eight is sixteen
  | seven plus eight is fifteen | six times nine is fifty four;
"""
STAGES = {"vad", "turn", "asr", "llm_first_text", "tts_first_audio", "playback"}


def test_converse_answers_every_question(stack: RunningStack, tmp_path: Path) -> None:
    """Three spoken questions are understood, answered, heard to the end, and timed."""
    wavs = write_each(tmp_path, QUESTIONS)
    out, report = tmp_path / "out.wav", tmp_path / "report.json"
    done = stack.command("converse", *wavs, "--out", str(out), "--report", str(report))
    assert done.code == 0, done.err
    found = json.loads(report.read_text())
    assert list(QUESTIONS) == [turn["user_text"] for turn in found["turns"]]
    _assert_nobody_was_cut_off(wavs, found)
    time_told, product, quoted = (turn["reply_text"] for turn in found["turns"])
    assert time_told.startswith("It's ")
    assert "56" in product
    assert "what is seven times eight" in quoted
    for turn in found["turns"]:
        assert turn["heard_text"] == turn["reply_text"]
        assert turn["error"] is None
        assert not turn["interrupted"]
        assert set(turn["stages_ms"]) == STAGES
        order = ("speech_start_s", "speech_end_s", "committed_s", "reply_start_s", "reply_end_s")
        times = [turn[name] for name in order]
        assert sorted(times) == times
        expected_ms = (turn["reply_start_s"] - turn["speech_end_s"]) * 1000
        assert turn["voice_to_voice_ms"] == pytest.approx(expected_ms, abs=2)
    assert found["audio"]["mic_frames_lost"] == 0
    assert found["engines"] == {
        "vad": "silero",
        "turn": "rules",
        "asr": "pocketsphinx",
        "llm": "builtin",
        "tts": "espeak",
    }
    _assert_speech_where_reported(out, found)


def _assert_nobody_was_cut_off(wavs: list[str], found: dict[str, Any]) -> None:
    """Each file begins when the answer to the one before was played, and is answered."""
    said = found["utterances"]
    assert [(one["file"], one["answered"]) for one in said] == [(wav, True) for wav in wavs]
    assert said[0]["begin_s"] == 0
    ends = [turn["reply_end_s"] for turn in found["turns"]]
    for after, before in zip(said[1:], ends, strict=False):
        assert after["begin_s"] >= before
    for turn, one in zip(found["turns"], said, strict=True):
        assert one["begin_s"] < turn["speech_start_s"] < turn["speech_end_s"] < one["end_s"]


def _assert_speech_where_reported(out: Path, found: dict[str, object]) -> None:
    """The loudspeaker is loud within each reply and silent before the first."""
    audio, rate_hz = soundfile.read(out, dtype="float32")
    turns = found["turns"]
    assert isinstance(turns, list)
    for turn in turns:
        begin, end = (int(turn[name] * rate_hz) for name in ("reply_start_s", "reply_end_s"))
        assert float(np.sqrt(np.mean(audio[begin:end] ** 2))) > 0.01
    before = audio[: int(turns[0]["reply_start_s"] * rate_hz)]
    assert float(np.abs(before).max()) < AUDIBLE_LEVEL / 32_768


def test_reply_is_speech_that_can_be_recognised(stack: RunningStack, tmp_path: Path) -> None:
    """What the loudspeaker played says this answer and no other, by our recogniser's ears."""
    wavs = write_each(tmp_path, ["what is seven times eight"])
    out = tmp_path / "out.wav"
    assert stack.command("converse", *wavs, "--out", str(out)).code == 0
    samples = read_microphone(out)
    loud = np.flatnonzero(np.abs(samples) > 300)
    pcm = samples[loud[0] - 3_200 : loud[-1] + 3_200].tobytes()
    context = zmq.Context()
    try:
        with Peer(context, stack.run_dir.registry) as registry:
            found = registry.call(Lookup(), Directory, 5.0)
        (asr,) = (i.endpoint for i in found.instances if i.service == "asr")
        with Peer(context, asr) as peer:
            heard = peer.call(Transcribe(grammar=ANSWERS), Transcript, 60.0, payload=pcm)
    finally:
        context.destroy(linger=0)
    assert heard.text == "seven times eight is fifty six"


def test_file_that_nobody_answers_is_named(stack: RunningStack, tmp_path: Path) -> None:
    """Silence has no answer: after a time it is said so, and the question behind it is asked."""
    silence, report = tmp_path / "silence.wav", tmp_path / "report.json"
    soundfile.write(silence, np.zeros(8_000, np.int16), 16_000)
    (question,) = write_each(tmp_path, ["what is seven times eight"])
    done = stack.command("converse", str(silence), question, "--report", str(report))
    assert done.code == 0, done.err
    assert f"nobody answered {silence}" in done.err
    found = json.loads(report.read_text())
    assert [one["answered"] for one in found["utterances"]] == [False, True]
    (turn,) = found["turns"]
    assert "56" in turn["heard_text"]


def test_session_is_resumed_with_its_memory(stack: RunningStack, tmp_path: Path) -> None:
    """A later conversation of the same name knows what was said in the earlier one."""
    first, second = write_each(tmp_path, ["what is seven times eight", "what did i say"])
    report = tmp_path / "report.json"
    assert stack.command("converse", first, "--session", "memory").code == 0
    done = stack.command("converse", second, "--session", "memory", "--report", str(report))
    assert done.code == 0, done.err
    (turn,) = json.loads(report.read_text())["turns"]
    assert turn["turn"] == 2
    assert "seven times eight" in turn["reply_text"]


def test_human_speech_ends_in_an_answer(stack: RunningStack, tmp_path: Path) -> None:
    """Speech that the built-in assistant has no answer for is still answered, honestly."""
    wav = recording("en/sb_spk1_snt1.wav")
    report = tmp_path / "report.json"
    done = stack.command("converse", str(wav.path), "--report", str(report))
    assert done.code == 0, done.err
    turns = json.loads(report.read_text())["turns"]
    assert turns
    assert all(turn["reply_text"] and turn["heard_text"] for turn in turns)


def test_four_conversations_at_once_lose_nothing(stack: RunningStack, tmp_path: Path) -> None:
    """Four people speak at the same time; each is answered and no microphone frame is lost."""
    wavs = write_each(tmp_path, QUESTIONS[:2])
    reports = [tmp_path / f"{number}.json" for number in range(4)]
    running = [stack.spawn("converse", *wavs, "--report", str(path)) for path in reports]
    for process in running:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    for path in reports:
        found = json.loads(path.read_text())
        assert list(QUESTIONS[:2]) == [turn["user_text"] for turn in found["turns"]]
        assert found["audio"]["mic_frames_lost"] == 0
