"""`streamtalk voice`: made up, cloned, listed, tried, deleted; and refused with what to do."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

pytest.importorskip("mlx.core")

from streamtalk.cli.voice import voice
from streamtalk.proto.errors import InputError
from streamtalk.tts.spark.tiny_checkpoint import make_checkpoint
from streamtalk.tts.spark.voices import VoiceFolder

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration that names a tiny checkpoint and a folder for voices beside it."""
    folder = tmp_path_factory.mktemp("voices")
    path = folder / "streamtalk.toml"
    path.write_text(
        f"""[tts.engines.spark_mlx]
model = "{make_checkpoint(folder / "model")}"
precision = "fp32"
voices_dir = "{folder / "voices"}"
tokens_per_char = 0.2
least_tokens = 12
""",
        encoding="utf-8",
    )
    return path


def _run(config: Path, *arguments: str) -> str:
    done = CliRunner().invoke(voice, [*arguments, "--config", str(config)])
    if done.exception is not None:
        raise done.exception
    return done.stdout


def _recording(path: Path, seconds: float, level: float = 0.3) -> Path:
    noise = np.random.default_rng(3).normal(0, level, int(seconds * 8_000)).clip(-1, 1)
    soundfile.write(path, noise, 8_000)
    return path


def test_voices_are_made_kept_tried_and_deleted(config: Path, tmp_path: Path) -> None:
    """Two seeds are two voices; a preview is sound; what is deleted is gone."""
    _run(config, "create", "anna", "--pitch", "high")
    _run(config, "create", "berta", "--pitch", "high", "--seed", "5")
    _run(config, "clone", "carl", str(_recording(tmp_path / "in.wav", 2.0)), "--language", "zh")
    folder = VoiceFolder(config.parent / "voices")
    tokens = {name: folder.read(name).global_tokens for name in ("anna", "berta", "carl")}
    assert len(set(tokens.values())) == 3
    assert "carl                 zh   cloned" in _run(config, "list")
    out = tmp_path / "out.wav"
    _run(config, "preview", "anna", "--out", str(out))
    audio, rate_hz = soundfile.read(out)
    assert rate_hz == 24_000
    assert np.abs(audio).max() > 0.01
    for name in tokens:
        _run(config, "delete", name)
    assert not set(tokens) & set(folder.names())


@pytest.mark.parametrize(
    "seconds, level, reason",
    [(2.0, 0.0, "no voice"), (0.2, 0.3, "shorter than"), (600.0, 0.3, "at most 120 are heard")],
)
def test_recordings_that_hold_no_voice_are_refused(
    config: Path, tmp_path: Path, seconds: float, level: float, reason: str
) -> None:
    """Silent, far too short, far too long: the message says what would be right."""
    sample = _recording(tmp_path / "in.wav", seconds, level)
    with pytest.raises(InputError, match=reason):
        _run(config, "clone", "nobody", str(sample))
    assert "nobody" not in _run(config, "list")


def test_music_gives_a_voice_that_can_be_tried(config: Path, tmp_path: Path) -> None:
    """The encoder cannot tell that nobody speaks: chords give some voice, never an error later."""
    turns = np.arange(6 * 16_000) / 16_000
    chord = sum(np.sin(2 * np.pi * pitch_hz * turns) for pitch_hz in (220.0, 277.2, 329.6, 440.0))
    soundfile.write(tmp_path / "music.wav", 0.2 * chord, 16_000)
    said = _run(config, "clone", "organ", str(tmp_path / "music.wav"))
    assert "try it: streamtalk voice preview organ" in said
    tokens = VoiceFolder(config.parent / "voices").read("organ").global_tokens
    assert len(tokens) == 32
    out = tmp_path / "out.wav"
    _run(config, "preview", "organ", "--out", str(out))
    assert np.abs(soundfile.read(out)[0]).max() > 0.01
    _run(config, "delete", "organ")


def test_what_is_no_recording_is_refused(config: Path, tmp_path: Path) -> None:
    """A text file, a name that no file can have, and a reference text."""
    (tmp_path / "in.wav").write_text("no sound")
    with pytest.raises(InputError, match="cannot be read as audio"):
        _run(config, "clone", "nobody", str(tmp_path / "in.wav"))
    with pytest.raises(InputError, match="no name of a voice"):
        _run(config, "create", "../nobody")
    with pytest.raises(InputError, match="wav2vec2"):
        _run(config, "clone", "nobody", "in.wav", "--text", "hello")
