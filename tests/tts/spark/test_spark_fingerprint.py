"""Spark-TTS is known by its checkpoint, its settings, and the numbers of the voice."""

import os
from pathlib import Path

import msgspec
import pytest

from streamtalk.tts.config import SparkSettings
from streamtalk.tts.spark.checkpoint import identity
from streamtalk.tts.spark.fingerprint import fingerprint
from streamtalk.tts.spark.tiny_checkpoint import make_checkpoint
from streamtalk.tts.spark.voices import StoredVoice

pytestmark = pytest.mark.unit

VOICE = StoredVoice(global_tokens=tuple(range(32)), language="en")
SETTINGS = SparkSettings(model="here", voices_dir="there")
BEFORE = fingerprint("m", SETTINGS, VOICE)


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"temperature": 0.5}, {"mode": "quality"}, {"precision": "q4"}]
)
def test_setting_that_is_heard_changes_it(change: dict[str, object]) -> None:
    """Sampling, bits, and how exact the beginning is."""
    assert fingerprint("m", msgspec.structs.replace(SETTINGS, **change), VOICE) != BEFORE


def test_places_are_not_heard() -> None:
    """Where checkpoint and voices lie, and which voice is the default."""
    moved = SparkSettings(model="elsewhere", voices_dir="away", voices={"en": "anna"})
    assert fingerprint("m", moved, VOICE) == BEFORE


def test_voice_is_known_by_its_numbers() -> None:
    """A voice that was deleted and cloned anew under its name is another one."""
    other = msgspec.structs.replace(VOICE, global_tokens=(7,) * 32)
    assert fingerprint("m", SETTINGS, other) != BEFORE
    assert fingerprint("other", SETTINGS, VOICE) != BEFORE


def test_checkpoint_is_known_by_its_files(tmp_path: Path) -> None:
    """Renamed it is the same; with other weights in a file it is not."""
    folder = make_checkpoint(tmp_path / "a")
    before = identity(folder)
    assert identity(folder.rename(tmp_path / "b")) == before
    os.utime(tmp_path / "b" / "BiCodec" / "model.safetensors", ns=(1, 1))
    assert identity(tmp_path / "b") != before
