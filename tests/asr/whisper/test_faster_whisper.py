"""The real faster-whisper on a tiny random model: every path but the meaning of its words."""

import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from streamtalk.asr.config import FasterWhisperSettings
from streamtalk.asr.engine import Speech
from streamtalk.asr.engines.faster_whisper import FasterWhisperEngine
from streamtalk.asr.loudness import to_pcm
from streamtalk.asr.plausibility import check_heard
from streamtalk.asr.whisper.auto import bounded_threads
from streamtalk.proto.errors import EngineError, EngineMissingError, LanguageError

pytestmark = pytest.mark.contract

write_model = pytest.importorskip(
    "tests.support.tiny_whisper", reason="needs streamtalk[whisper]"
).write_model

RNG = np.random.default_rng(5)
NOISE = to_pcm((0.1 * RNG.standard_normal(48_000)).astype(np.float32))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model as it lies on disk."""
    return Path(write_model(tmp_path_factory.mktemp("whisper")))


def settings(folder: Path, language: str = "en", *, judged: bool = False) -> FasterWhisperSettings:
    """One beam; a random model's words stay, though nobody said them."""
    return FasterWhisperSettings(
        model=str(folder), mode="fast", language=language, reject_invented=judged
    )


@pytest.fixture(scope="module")
def engine(folder: Path) -> FasterWhisperEngine:
    """The engine, loaded."""
    made = FasterWhisperEngine(settings(folder))
    made.load()
    return made


def test_loaded_model_names_its_languages(engine: FasterWhisperEngine) -> None:
    """Callers choose by them: the published model knows 99."""
    assert {"en", "zh", "de"} <= set(engine.languages)
    assert len(engine.languages) == 99


def test_words_lie_in_the_audio_and_make_the_text(engine: FasterWhisperEngine) -> None:
    """Ascending, within the audio, joined they are the text."""
    heard = engine.hear(Speech(NOISE, language="en"))
    check_heard(heard)
    assert heard.words
    assert "".join(word.text for word in heard.words) == heard.text.replace(" ", "")
    ends = [word.to_sample for word in heard.words]
    assert ends == sorted(ends)
    assert ends[-1] <= 48_000
    assert 0.0 < heard.confidence <= 1.0


def test_model_gives_the_same_words_each_time(engine: FasterWhisperEngine) -> None:
    """At temperature 0 nothing is left to chance."""
    quick = [engine.hear(Speech(NOISE, final=False, language="en")).text for _ in range(2)]
    assert quick[0] == quick[1]


def test_partials_of_an_utterance_go_on_where_it_was_left(engine: FasterWhisperEngine) -> None:
    """What two partials agree on begins the final text."""
    origin = ("ring", "mic", 0)
    for _ in range(2):
        engine.hear(Speech(NOISE, final=False, origin=origin, language="en"))
    partial = engine.hear(Speech(NOISE, final=False, origin=origin, language="en"))
    stable = partial.text[: partial.stable_chars]
    assert stable
    assert engine.hear(Speech(NOISE, origin=origin, language="en")).text.startswith(stable)


@pytest.mark.parametrize("samples", [0, 1, 160, 16_000])
def test_silence_of_any_length_is_no_text(engine: FasterWhisperEngine, samples: int) -> None:
    """Whisper invents words for silence; it is never asked."""
    heard = engine.hear(Speech(bytes(2 * samples)))
    assert (heard.text, heard.rejected) == ("", "silence")


def test_clipped_audio_is_decoded(engine: FasterWhisperEngine) -> None:
    """Full-scale square waves are sound like any other."""
    square = np.sign(np.sin(np.arange(16_000) * 0.1)).astype(np.float32)
    check_heard(engine.hear(Speech(to_pcm(square), language="zh")))


def test_detected_language_is_one_of_the_models(engine: FasterWhisperEngine, folder: Path) -> None:
    """`auto` lets the model say which it is."""
    auto = FasterWhisperEngine(settings(folder, language="auto"))
    auto.load()
    heard = auto.hear(Speech(NOISE, final=False))
    assert heard.language in engine.languages


def test_words_of_a_model_that_guesses_are_rejected(folder: Path) -> None:
    """A random model is sure of nothing, and noise is no speech: no text, and a reason."""
    judged = FasterWhisperEngine(settings(folder, judged=True))
    judged.load()
    heard = judged.hear(Speech(NOISE, language="en"))
    assert (heard.text, heard.rejected) == ("", "improbable")


def test_engine_knows_its_pace_and_declares_more(engine: FasterWhisperEngine) -> None:
    """Measured while it was loaded: the budget of a call follows from it."""
    assert engine.pace is not None
    assert engine.pace.call_ms > 0.0
    assert engine.pace.budget().of(2_000.0) > engine.pace.cost_ms(2_000.0)


def test_threads_are_no_more_than_the_cores(folder: Path) -> None:
    """More would take the cores from those who play audio."""
    many = FasterWhisperSettings(model=str(folder), threads=64)
    assert 1 <= bounded_threads(many, 1) <= (os.cpu_count() or 1)
    assert bounded_threads(FasterWhisperSettings(), 1) == 1


def _without(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _cut(name: str, size: int) -> Callable[[Path], None]:
    def cut(folder: Path) -> None:
        (folder / name).write_bytes((folder / name).read_bytes()[:size])

    return cut


def _later_version(folder: Path) -> None:
    """A model of a CTranslate2 that is not written yet."""
    model = bytearray((folder / "model.bin").read_bytes())
    model[:4] = struct.pack("<I", 99)
    (folder / "model.bin").write_bytes(model)


def _no_numbers(folder: Path) -> None:
    """Every gain of a normalisation is NaN."""
    gains = np.ones(16, np.float32)
    model = (folder / "model.bin").read_bytes()
    (folder / "model.bin").write_bytes(model.replace(gains.tobytes(), (gains * np.nan).tobytes()))


@pytest.mark.parametrize(
    "damage, error, says",
    [
        (_without("tokenizer.json"), EngineMissingError, "lacks tokenizer.json"),
        (_without("model.bin"), EngineMissingError, "lacks model.bin"),
        (lambda folder: (folder / "model.bin.part").touch(), EngineMissingError, "half a download"),
        (_cut("tokenizer.json", 500), EngineError, "damaged"),
        (_cut("model.bin", 1_000), EngineError, "1000 bytes"),
        (_cut("model.bin", 3_000_000), EngineError, "cannot be loaded"),
        (_later_version, EngineError, "later version of CTranslate2"),
        (_no_numbers, EngineError, "computes no numbers"),
        (lambda folder: (folder / "tokenizer.json").write_text("{}"), EngineError, "no 'model'"),
    ],
)
def test_damaged_model_is_named(
    tmp_path: Path, damage: Callable[[Path], object], error: type[EngineError], says: str
) -> None:
    """The error says which file and what to do; nothing is fetched behind the user's back."""
    write_model(tmp_path)
    damage(tmp_path)
    with pytest.raises(error, match=says):
        FasterWhisperEngine(settings(tmp_path)).load()


def test_language_that_the_model_lacks_is_named(folder: Path) -> None:
    """Before anybody talks, with the languages that there are."""
    with pytest.raises(LanguageError, match=r"is 'tlh', the model knows af, "):
        FasterWhisperEngine(settings(folder, language="tlh")).load()


def test_model_that_is_not_there_says_how_to_get_it() -> None:
    """A folder that does not exist."""
    with pytest.raises(EngineMissingError, match="name a folder"):
        FasterWhisperEngine(settings(Path("/nowhere/at/all"))).load()
