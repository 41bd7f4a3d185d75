"""The engine on a tiny random checkpoint: what is streamed, when it ends, and how it is stopped."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("mlx.core")

from streamtalk.proto.errors import EngineMissingError, LanguageError
from streamtalk.tts.config import SparkSettings
from streamtalk.tts.engine import Order, Samples
from streamtalk.tts.engines.spark_mlx import SparkMlxEngine, load_model
from streamtalk.tts.spark.chunking import STEADY_AHEAD, Shape
from streamtalk.tts.spark.fetching import model_folder
from streamtalk.tts.spark.limits import Limits, SilenceRun, expected_frames
from streamtalk.tts.spark.schedule import Schedule
from streamtalk.tts.spark.speech import SparkModel, SparkPiece
from streamtalk.tts.spark.tempo import Tempo
from streamtalk.tts.spark.voices import StoredVoice, VoiceFolder

pytestmark = pytest.mark.unit

VOICE = StoredVoice(global_tokens=tuple(range(32)))
TEXT = "Good morning to you."


def _settings(tiny: Path, folder: Path, **fields: float) -> SparkSettings:
    return SparkSettings(
        model=str(tiny),
        precision="fp32",
        voices_dir=str(folder),
        tokens_per_char=0.5,
        least_tokens=int(fields.get("least_tokens", 30)),
    )


@pytest.fixture(scope="module")
def model(tiny: Path) -> SparkModel:
    """Loaded once; holds no state between pieces."""
    return load_model(_settings(tiny, tiny))


def _schedule(*shapes: Shape) -> Schedule:
    return Schedule(shapes, real_time=True, covers_frames=None, first_audio_s=0.0)


def _said(model: SparkModel, *shapes: Shape) -> Samples:
    piece, chunks = SparkPiece(model, TEXT, VOICE, _schedule(*shapes)), []
    while not piece.finished:
        audio = piece.chunk(lambda: True)
        assert audio is not None
        chunks.append(audio)
    return np.concatenate(chunks)


def test_same_seed_says_the_same_in_any_chunks(model: SparkModel) -> None:
    """Tokens do not depend on how they are cut: in one chunk, or in many that hear enough."""
    codes = [list(model.codes(TEXT, VOICE)) for _ in range(2)]
    assert codes[0] == codes[1]
    assert len(codes[0]) == 30
    whole, parts = _said(model, Shape(1_000, 4)), _said(model, Shape(8, 67), Shape(5, 67))
    assert whole.size == parts.size == 320 * 30
    assert np.abs(whole - parts).max() <= 1e-6


def test_speech_that_ends_in_its_first_chunk_is_whole(tiny: Path, tmp_path: Path) -> None:
    """Five tokens, and the first chunk wanted twelve: all five are heard at once."""
    short = load_model(_settings(tiny, tmp_path, least_tokens=5))
    piece = SparkPiece(short, "Hi.", VOICE, _schedule(Shape(8, 4), Shape(28, STEADY_AHEAD)))
    audio = piece.chunk(lambda: True)
    assert audio is not None
    assert audio.size == 5 * 320
    assert piece.finished


def test_cancel_between_tokens_makes_no_chunk(model: SparkModel) -> None:
    """The model is asked for no further token once nobody wants the piece."""
    asked = []

    def wanted() -> bool:
        asked.append(1)
        return len(asked) <= 7

    piece = SparkPiece(model, TEXT, VOICE, _schedule(Shape(8, 4)))
    assert piece.chunk(wanted) is None
    assert len(asked) == 8


def test_voices_are_made_up_once(tiny: Path, tmp_path: Path) -> None:
    """The first load stores a voice for each language; the next one finds them, to the number."""
    settings = _settings(tiny, tmp_path)
    SparkMlxEngine(settings).load()
    folder = VoiceFolder(tmp_path)
    stored = {name: folder.read(name) for name in folder.names()}
    assert sorted(stored) == ["default-en", "default-zh"]
    again = SparkMlxEngine(settings)
    again.load()
    assert {name: folder.read(name) for name in folder.names()} == stored
    assert {voice.name: voice.language for voice in again.voices()} == {
        "default-en": "en",
        "default-zh": "zh",
    }
    with pytest.raises(LanguageError, match="English and Chinese"):
        next(again.speak(Order("Доброе утро"), lambda _: True))


def test_missing_model_says_what_to_set() -> None:
    """Neither nothing nor a hub id that nobody fetched has a folder; the way out is named."""
    with pytest.raises(EngineMissingError, match="set model"):
        model_folder("")
    with pytest.raises(EngineMissingError, match="fetch tts --model nobody/has-this"):
        model_folder("nobody/has-this")


def test_silence_ends_a_piece_where_its_limit_is() -> None:
    """The run goes on over chunks, and sound begins it anew."""
    run, silence = SilenceRun(1_600), np.zeros(960, np.float32)
    assert run.take(silence) is None
    assert run.take(np.full(320, 0.1, np.float32)) is None
    assert run.take(silence) is None
    assert run.take(silence) == 640


def test_limit_follows_the_length_of_the_text() -> None:
    """Han characters count as three letters; the limit lies well above what is expected."""
    limits = Limits()
    assert limits.tokens("a" * 100) == 800
    assert limits.tokens("你" * 100) == 2_400
    assert limits.tokens("Hi.") == limits.least_tokens
    assert limits.tokens("a" * 100) > 2 * expected_frames("a" * 100)


@pytest.mark.parametrize("rate", [0.5, 0.8, 1.0, 1.5, 2.0])
def test_tempo_keeps_the_pitch(rate: float) -> None:
    """A tone of 200 Hz lasts 1 / rate as long and stays at 200 Hz, in chunks of any size."""
    tone = np.sin(np.arange(16_000) * 2 * np.pi * 200 / 16_000).astype(np.float32)
    tempo, parts = Tempo(rate), np.split(tone, [100, 5_000, 5_001])
    audio = np.concatenate([tempo.feed(part, last=part is parts[-1]) for part in parts])
    assert audio.size == pytest.approx(16_000 / rate, abs=1_500)
    crossings = np.count_nonzero(np.diff(np.signbit(audio[1_000 : 1_000 + 6_000])))
    assert crossings == pytest.approx(2 * 200 * 6_000 / 16_000, abs=3)
