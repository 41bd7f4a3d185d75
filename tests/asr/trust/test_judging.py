"""Invented text is told from said text by the words, the model's figures and the sound."""

import numpy as np
import pytest

from streamtalk.asr.streaming.decoder import Segment
from streamtalk.asr.trust.judge import Judge, Sound, sound_of
from streamtalk.asr.trust.phrases import is_credit, is_stock_phrase
from streamtalk.asr.trust.repetition import is_circle
from streamtalk.asr.trust.voice import is_sure, is_unsure

pytestmark = pytest.mark.unit

SPEECH = Sound(range_db=25.0, loud_s=3.0)
HUM = Sound(range_db=2.0, loud_s=3.0)


def segment(text: str, log_probability: float = -0.3, no_speech: float = 0.02) -> list[Segment]:
    """One segment with these figures; the defaults are those of clear speech."""
    return [Segment(text, 0, 48_000, log_probability, no_speech)]


@pytest.mark.parametrize(
    "text, log_probability, no_speech, sound, reason",
    [
        ("What time is it?", -0.3, 0.02, SPEECH, ""),
        ("今天天气怎么样？", -0.4, 0.10, SPEECH, ""),
        ("No, no, no.", -0.3, 0.02, SPEECH, ""),
        ("Thank you.", -0.3, 0.02, SPEECH, ""),
        ("Thanks for watching!", -0.2, 0.02, SPEECH, ""),
        ("Thanks for watching!", -0.2, 0.45, SPEECH, "phrase"),
        ("Thanks for watching!", -0.2, 0.02, HUM, "phrase"),
        ("字幕由Amara.org社区提供", -0.1, 0.01, SPEECH, "phrase"),
        ("谢谢观看", -0.5, 0.30, SPEECH, "phrase"),
        ("you", -0.9, 0.80, SPEECH, "no_speech"),
        ("Okay.", -0.4, 0.35, SPEECH, "phrase"),
        ("嗯。", -0.8, 0.10, SPEECH, "phrase"),
        ("Okay, then the next one.", -0.8, 0.35, SPEECH, ""),
        ("the the the the the the", -0.1, 0.01, SPEECH, "repetition"),
        ("好的好的好的好的好的", -0.1, 0.01, SPEECH, "repetition"),
        ("Mumbled things", -1.2, 0.10, SPEECH, ""),
        ("Mumbled things", -1.2, 0.10, HUM, "improbable"),
        ("Hopeless", -1.9, 0.10, SPEECH, "improbable"),
        ("x" * 60, -0.3, 0.02, Sound(25.0, 0.2), "repetition"),
        ("Words as many as nobody says in so short a time", -0.3, 0.02, Sound(25.0, 0.2), "quiet"),
        ("", -3.0, 0.99, HUM, ""),
    ],
)
def test_judge_gives_its_reason(
    text: str, log_probability: float, no_speech: float, sound: Sound, reason: str
) -> None:
    """Each reason has its own signs, and what people say stands."""
    assert Judge().reason(text, segment(text, log_probability, no_speech), sound) == reason


@pytest.mark.parametrize(
    "text, log_probability, no_speech, reason",
    [
        ("What time is it?", -0.3, 0.02, ""),
        ("What time is it?", -0.9, 0.02, "unsure"),
        ("What time is it?", -0.3, 0.55, "unsure"),
        ("Okay.", -0.3, 0.02, ""),
        ("Okay.", -0.4, 0.35, "phrase"),
    ],
)
def test_text_of_unsure_speech_needs_better_figures(
    text: str, log_probability: float, no_speech: float, reason: str
) -> None:
    """What would be believed of clear speech is not believed of what may be the rest of an echo."""
    said = segment(text, log_probability, no_speech)
    assert Judge().reason(text, said, SPEECH, voice=0.9) == reason
    assert Judge().reason(text, said, SPEECH) == reason.replace("unsure", "")


def test_unsure_speech_without_figures_is_judged_by_its_words() -> None:
    """A server that tells none: "stop" is obeyed, what is said of noise as well is not believed."""
    judge = Judge()
    assert judge.reason("Stop.", [], SPEECH, voice=0.9) == ""
    assert judge.reason("Thank you.", [], SPEECH, voice=0.9) == "unsure"
    assert judge.reason("Thank you.", [], SPEECH) == ""


@pytest.mark.parametrize(
    "text, log_probability, no_speech, sound, reason",
    [
        ("Yeah.", -0.9, 0.35, SPEECH, ""),
        ("谢谢。", -0.2, 0.50, SPEECH, ""),
        ("The child almost hurt the small dog", -0.8, 0.75, SPEECH, ""),
        ("Mumbled things", -1.2, 0.10, HUM, ""),
        ("Mumbled things", -1.2, 0.70, SPEECH, "no_speech"),
        ("Hopeless", -1.9, 0.10, SPEECH, "improbable"),
        ("Thanks for watching!", -0.2, 0.45, SPEECH, "phrase"),
        ("the the the the the the", -0.1, 0.01, SPEECH, "repetition"),
        ("Words as many as nobody says in so short a time", -0.3, 0.02, Sound(25.0, 0.2), "quiet"),
    ],
)
def test_text_of_sure_speech_needs_no_better_figures(
    text: str, log_probability: float, no_speech: float, sound: Sound, reason: str
) -> None:
    """Where somebody speaks for certain, short words and doubtful figures are believed."""
    said = segment(text, log_probability, no_speech)
    assert Judge().reason(text, said, sound, voice=0.97) == reason


@pytest.mark.parametrize(
    "voice, unsure, sure",
    [(1.0, False, True), (0.97, False, True), (0.95, False, False), (0.94, True, False)],
)
def test_voice_is_sure_unsure_or_neither(voice: float, unsure: bool, sure: bool) -> None:
    """The limits themselves are on the better side."""
    assert (is_unsure(voice), is_sure(voice)) == (unsure, sure)


@pytest.mark.parametrize(
    "text", ["Please subscribe.", "Thank you for watching. See you next time!"]
)
def test_stock_phrases_are_known_whole(text: str) -> None:
    """All sentences of the text must be such lines."""
    assert is_stock_phrase(text)
    assert not is_stock_phrase(f"{text} What is the weather?")


def test_credit_is_told_from_an_address_in_a_question() -> None:
    """A text that is little but an address is a credit; one that mentions it is not."""
    assert is_credit("www.example.org")
    assert not is_credit("Can you open example.org for me and read the first page?")


@pytest.mark.parametrize(
    "text, circle",
    [
        ("yes yes yes", False),
        ("I think I think I think I think", True),
        ("one two three four five six seven eight nine ten", False),
        ("哈哈哈", False),
        ("very very very very good, and now tell me about the other one in the house", False),
    ],
)
def test_circle_is_told_from_emphasis(text: str, circle: bool) -> None:
    """Four times in a row, and most of the text."""
    assert is_circle(text) is circle


def test_level_of_speech_is_lively_and_a_hum_is_not() -> None:
    """Bursts with pauses against a steady tone."""
    time_s = np.arange(32_000) / 16_000
    tone = (0.1 * np.sin(2 * np.pi * 200 * time_s)).astype(np.float32)
    bursts = tone * (np.sin(2 * np.pi * 3 * time_s) > 0)
    assert not sound_of(tone).lively
    assert sound_of(bursts.astype(np.float32)).lively
    assert sound_of(tone[:10]).loud_s == 0.0
