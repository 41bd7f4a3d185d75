"""The real model with its tuned segmenter on recordings of people and of noise."""

from typing import NamedTuple

import msgspec
import numpy as np
import pytest
import soundfile

from streamtalk.proto.audio import MIC_RATE_HZ
from streamtalk.vad.config import SileroSettings, VadConfig
from streamtalk.vad.engines.silero import SileroEngine
from streamtalk.vad.segmenter import Segmenter
from streamtalk.vad.tracker import CHUNK_SAMPLES
from tests.support.recordings import AUDIO_DIR, Recording, recording, recordings

pytestmark = pytest.mark.contract

SURE = 0.95
"""Below this the recogniser is asked for more (`asr/trust/voice.py`)."""


class Segment(NamedTuple):
    """Speech from `start_s` to `end_s`, reported at `told_s`, at its best this probable."""

    start_s: float
    end_s: float
    told_s: float
    peak: float


def _surest(found: Recording) -> float:
    return max((segment.peak for segment in _segments(found)), default=0.0)


def _segments(found: Recording) -> list[Segment]:
    audio, rate_hz = soundfile.read(found.path, dtype="float32")
    assert rate_hz == MIC_RATE_HZ
    engine = SileroEngine(SileroSettings())
    engine.load(1)
    segmenter = Segmenter(VadConfig().segmenter, 0)
    segments: list[Segment] = []
    usable = len(audio) // CHUNK_SAMPLES * CHUNK_SAMPLES
    for index, chunk in enumerate(np.asarray(audio)[:usable].reshape(-1, 1, CHUNK_SAMPLES)):
        start = index * CHUNK_SAMPLES
        probability = engine.judge([0], chunk)[0]
        began = segmenter.feed(start, start + CHUNK_SAMPLES, probability) and segmenter.speaking
        if segmenter.segment is not None and segmenter.end is not None:
            now_s = (start + CHUNK_SAMPLES) / MIC_RATE_HZ
            told_s = now_s if began else segments.pop().told_s
            start_s = segmenter.segment / MIC_RATE_HZ
            end_s = segmenter.end / MIC_RATE_HZ
            segments.append(Segment(start_s, end_s, told_s, segmenter.peak))
    return segments


def test_labelled_speech_is_found_whole() -> None:
    """Each labelled stretch lies within a segment and is told soon after its labelled start."""
    found = recording("vad/sb_vad_train.wav")
    labels = msgspec.json.decode((AUDIO_DIR / "vad" / "sb_vad_train.json").read_bytes())
    segments = _segments(found)
    for label, segment in zip(labels["speech"], segments, strict=False):
        assert label["start"] - 0.4 < segment.start_s < label["start"]
        assert segment.end_s == pytest.approx(label["end"], abs=0.1)
        assert segment.told_s < label["start"] + 0.2
    in_range = [s for s in segments if s.start_s < labels["labelled_range"][1] - 0.3]
    assert len(in_range) == len(labels["speech"])


@pytest.mark.parametrize("folder", ["en", "zh", "turn_audio"])
def test_every_spoken_clip_is_heard(folder: str) -> None:
    """No clip with a voice in it passes as silence."""
    clips = recordings(folder)
    if not clips:
        pytest.skip(f"no recordings at {AUDIO_DIR / folder}")
    assert [clip.path.name for clip in clips if not _segments(clip)] == []


def test_noise_is_not_taken_for_speech() -> None:
    """Keyboards, dogs, chimes and thunder start nothing.

    One office recording holds distant voices, which are told, and never surely.
    """
    clips = recordings("noise")
    if not clips:
        pytest.skip(f"no recordings at {AUDIO_DIR / 'noise'}")
    woken = {clip.path.name: _surest(clip) for clip in clips if _segments(clip)}
    assert woken.keys() <= {"office_ambience_lk_dev.wav"}
    assert max(woken.values(), default=0.0) < SURE


def test_what_an_echo_canceller_leaves_is_never_sure() -> None:
    """Residual echo of somebody far away may wake the model, which says that it is not sure."""
    clips = recordings("echo_residual")
    if not clips:
        pytest.skip(f"no recordings at {AUDIO_DIR / 'echo_residual'}")
    assert {clip.path.name for clip in clips if _surest(clip) >= SURE} == set()


@pytest.mark.parametrize("folder", ["en", "zh", "turn_audio"])
def test_spoken_clips_are_sure(folder: str) -> None:
    """Short answers and back-channels as well, at the level of a person near the microphone."""
    clips = recordings(folder)
    if not clips:
        pytest.skip(f"no recordings at {AUDIO_DIR / folder}")
    assert [clip.path.name for clip in clips if _surest(clip) < SURE] == []
