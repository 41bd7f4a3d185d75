"""What every speech engine of the table must do."""

import dataclasses
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from streamtalk.runtime.engine_table import create_engine, missing_modules
from streamtalk.tts.config import SparkSettings, TtsEngines
from streamtalk.tts.engine import ENGINES, Made, Order, Repeatable, Samples, SpeechEngine
from streamtalk.tts.engines.scripted import ScriptedEngine
from tests.tts.remote_scene import SCENES, scene

pytestmark = pytest.mark.contract

TEXTS = {"en": "Good morning, how are you today?", "zh": "早上好,今天过得怎么样?"}
_LOADED: dict[str, SpeechEngine] = {}


@pytest.fixture(params=sorted(ENGINES))
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SpeechEngine]:
    """Each engine of the table, loaded once; a remote one beside a server, anew for each test."""
    name = cast("str", request.param)
    missing = missing_modules(ENGINES[name])
    if missing:
        pytest.skip(f"{name} needs {missing}")
    if name in SCENES:
        with scene(SCENES[name]) as (remote, _):
            yield remote
        return
    if name not in _LOADED:
        settings = getattr(TtsEngines(), name)
        if name == "spark_mlx":
            settings = _tiny_spark(tmp_path_factory.mktemp("spark"))
        _LOADED[name] = create_engine("tts", ENGINES, name, settings)
        _LOADED[name].load()
    yield _LOADED[name]


def _tiny_spark(folder: Path) -> SparkSettings:
    """A checkpoint of random weights, which would never end by itself."""
    from streamtalk.tts.spark.tiny_checkpoint import make_checkpoint  # noqa: PLC0415

    return SparkSettings(
        model=str(make_checkpoint(folder / "model")),
        precision="fp32",
        voices_dir=str(folder / "voices"),
        tokens_per_char=0.5,
        least_tokens=40,
    )


class Reading:
    """A piece in the making; iterating does a step and tells the samples so far."""

    def __init__(self, engine: SpeechEngine, order: Order, stop_after: int = 1 << 30) -> None:
        self.chunks: list[Samples] = []
        self.made: Made | None = None
        self._stop_after = stop_after
        self._steps = engine.speak(order, self._take)

    def __iter__(self) -> Iterator[int]:
        """One step after the other."""
        try:
            while True:
                next(self._steps)
                yield self.samples
        except StopIteration as end:
            self.made = end.value

    def finish(self) -> Made:
        """All remaining steps."""
        for _ in self:
            pass
        assert self.made is not None
        return self.made

    @property
    def samples(self) -> int:
        """Length so far."""
        return sum(chunk.size for chunk in self.chunks)

    @property
    def audio(self) -> Samples:
        """All of it."""
        return np.concatenate(self.chunks)

    def _take(self, audio: Samples) -> bool:
        self.chunks.append(audio)
        return len(self.chunks) < self._stop_after


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_engine_makes_audible_float_audio(engine: SpeechEngine, language: str) -> None:
    """English and Chinese come out as sound: float32, one axis, within [-1, 1]."""
    reading = Reading(engine, Order(TEXTS[language], language=language))
    made = reading.finish()
    assert all(chunk.dtype == np.float32 and chunk.ndim == 1 for chunk in reading.chunks)
    assert 0.05 < np.abs(reading.audio).max() < 1.1
    assert 12_000 < reading.samples < 240_000
    assert made.language == language


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_engine_marks_words_in_order(engine: SpeechEngine, language: str) -> None:
    """Marks begin at the first word, ascend in both positions, and lie within the audio."""
    reading = Reading(engine, Order(TEXTS[language], language=language))
    marks = reading.finish().marks
    assert len(marks) >= 6
    assert marks[0].char == 0
    assert marks == sorted(marks, key=lambda mark: (mark.char, mark.sample))
    assert max(mark.sample for mark in marks) < reading.samples


def test_engine_stops_when_told(engine: SpeechEngine) -> None:
    """The chunk that is refused is the last one, and the engine speaks on undisturbed."""
    stopped = Reading(engine, Order(TEXTS["en"] * 5), stop_after=2)
    stopped.finish()
    assert len(stopped.chunks) == 2
    alone, after = Reading(engine, Order("One.")), Reading(engine, Order("One."))
    alone.finish()
    after.finish()
    assert abs(alone.samples - after.samples) < 480


def test_engine_makes_pieces_in_turn(engine: SpeechEngine) -> None:
    """Steps of two pieces may alternate; each comes out as long as when it is made alone."""
    long = [Order(TEXTS[language] * 12, language=language) for language in ("en", "zh")]
    alone = [Reading(engine, order) for order in long]
    for reading in alone:
        reading.finish()
    together = [Reading(engine, order) for order in long]
    for _ in itertools.zip_longest(*together):
        pass
    for reading, expected in zip(together, alone, strict=True):
        assert reading.made is not None
        assert reading.samples == pytest.approx(expected.samples, rel=0.02)


def test_engine_says_what_decides_its_sound(engine: SpeechEngine) -> None:
    """The same for the same order, so that a piece can be kept; empty where none is to be."""
    assert isinstance(engine, Repeatable)
    found = engine.fingerprint(Order(TEXTS["en"]))
    assert engine.fingerprint(Order(TEXTS["en"])) == found
    assert bool(found) != isinstance(engine, ScriptedEngine)


def test_engine_speaks_faster_on_request(engine: SpeechEngine) -> None:
    """Twice the rate takes clearly less time."""
    normal, fast = (Reading(engine, Order(TEXTS["en"], rate=rate)) for rate in (1.0, 2.0))
    normal.finish()
    fast.finish()
    assert fast.samples < 0.75 * normal.samples


def test_engine_speaks_with_each_of_its_first_voices(engine: SpeechEngine) -> None:
    """Voices have names of their own, and an order may name them."""
    voices = engine.voices()
    assert {"en", "zh"} <= {voice.language for voice in voices}
    by_name = {voice.name: voice for voice in voices}
    for language, text in TEXTS.items():
        name = next(name for name, voice in by_name.items() if voice.language == language)
        order = dataclasses.replace(Order(text), voice=name)
        assert Reading(engine, order).finish().voice == name
