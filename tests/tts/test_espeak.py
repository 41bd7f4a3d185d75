"""What eSpeak NG does beyond the contract: two languages in one piece, exact marks."""

import gc

import numpy as np
import pytest

from streamtalk.proto.errors import LanguageError
from streamtalk.tts.config import EspeakSettings
from streamtalk.tts.engine import Made, Order, Samples
from streamtalk.tts.engines.espeak import EspeakEngine

pytestmark = pytest.mark.contract


@pytest.fixture(scope="module")
def espeak() -> EspeakEngine:
    """The engine, loaded."""
    engine = EspeakEngine(EspeakSettings())
    engine.load()
    return engine


def say(engine: EspeakEngine, order: Order) -> tuple[Samples, Made]:
    """All audio of a piece, and what is known of it."""
    chunks: list[Samples] = []

    def take(audio: Samples) -> bool:
        chunks.append(audio)
        return True

    steps = engine.speak(order, take)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return np.concatenate(chunks), end.value


def loudness(audio: Samples, start: int, end: int) -> float:
    """RMS of a part."""
    return float(np.sqrt(np.mean(audio[max(start, 0) : end] ** 2)))


def test_espeak_marks_lie_where_the_words_sound(espeak: EspeakEngine) -> None:
    """Before the mark of a word that follows a pause there is silence, after it the word."""
    text = "Yes. Potato. Banana."
    audio, made = say(espeak, Order(text))
    assert [text[mark.char :].partition(".")[0] for mark in made.marks] == [
        "Yes",
        "Potato",
        "Banana",
    ]
    for mark in made.marks[1:]:
        before = loudness(audio, mark.sample - 2_400, mark.sample - 480)
        after = loudness(audio, mark.sample, mark.sample + 7_200)
        assert after > 20 * before


def test_espeak_changes_the_voice_within_a_piece(espeak: EspeakEngine) -> None:
    """English words in a Chinese sentence are marked and spoken; most of it names the voice."""
    text = "我今天想用 Python 写一个程序"
    audio, made = say(espeak, Order(text))
    python = next(mark for mark in made.marks if mark.char == text.index("P"))
    after = next(mark for mark in made.marks if mark.char > python.char)
    assert loudness(audio, python.sample, after.sample) > 0.02
    assert 4_800 < after.sample - python.sample < 36_000
    assert (made.language, made.voice) == ("zh", "cmn")


def test_espeak_reads_hanzi_as_chinese(espeak: EspeakEngine) -> None:
    """Four Han characters are four syllables, not their English descriptions."""
    audio, made = say(espeak, Order("今天天气"))
    assert audio.size < 48_000
    assert made.estimated is False


def test_espeak_pauses_after_a_sentence_but_not_within(espeak: EspeakEngine) -> None:
    """A piece that ends a sentence brings its pause along, one that breaks off does not."""
    ended, broken = (say(espeak, Order(text))[0] for text in ("We are here.", "We are here"))
    assert loudness(ended, ended.size - 4_800, ended.size) < 0.001
    assert loudness(broken, broken.size - 4_800, broken.size) > 0.01


def test_espeak_keeps_the_pauses_of_a_long_text(espeak: EspeakEngine) -> None:
    """A text that is cut for the sake of other sessions lasts as long as its sentences do."""
    one, _ = say(espeak, Order("This is a sentence of some length."))
    many, _ = say(espeak, Order("This is a sentence of some length. " * 20))
    assert many.size == pytest.approx(20 * one.size, rel=0.03)


@pytest.mark.parametrize("order", [Order("word", language="xx"), Order("word", voice="klingon")])
def test_espeak_names_what_it_cannot_speak(espeak: EspeakEngine, order: Order) -> None:
    """An unknown language or voice is refused, not read with some other voice."""
    with pytest.raises(LanguageError, match="eSpeak NG has no voice"):
        say(espeak, order)


def test_espeak_passes_on_what_the_taker_raises(espeak: EspeakEngine) -> None:
    """An error in the middle of C's callback arrives at the caller, and the voice lives on."""

    def fail(_audio: Samples) -> bool:
        raise ValueError("from the taker")

    with pytest.raises(ValueError, match="from the taker"):
        next(espeak.speak(Order("Hello there."), fail))
    audio, _ = say(espeak, Order("Hello there."))
    assert audio.size > 12_000


def test_espeak_speaks_on_when_another_engine_of_the_process_is_gone(espeak: EspeakEngine) -> None:
    """The library calls back into one object, which does not go with the engine loaded last."""
    other = EspeakEngine(EspeakSettings())
    other.load()
    del other
    gc.collect()
    audio, _ = say(espeak, Order("Still here."))
    assert audio.size > 0


def test_espeak_takes_every_voice_that_it_lists(espeak: EspeakEngine) -> None:
    """Some are found by their file only, and not by the language that they are listed with."""
    heard = {}
    for voice in espeak.voices():
        audio, made = say(espeak, Order("1", language=voice.language, voice=voice.name))
        assert made.voice == voice.name
        heard[voice.name] = loudness(audio, 0, len(audio))
    assert min(heard[name] for name in ("en-gb", "fr-fr", "en-us", "cmn")) > 0.01
