"""What speaks for a command and what against it."""

import pytest

from streamtalk.asr.evidence import Stretch, can_be_said, is_speech, weigh, word_confidence

pytestmark = pytest.mark.unit


def path(*parts: tuple[str, int, float]) -> list[Stretch]:
    """Stretches one after another: name, frames, score for each frame."""
    made, at = [], 0
    for name, frames, score in parts:
        made.append(Stretch(name, at, at + frames, score * frames))
        at += frames
    return made


SPOKEN = path(("SIL", 20, -20), ("S", 10, -30), ("T", 10, -30), ("AA", 10, -30), ("P", 10, -30))
PHONES = ["S", "T", "AA", "P"]


def grammar_path(score: float) -> list[Stretch]:
    """One word over all that was spoken."""
    return path(("<sil>", 20, -20), ("stop", 40, score))


def test_a_command_is_believed() -> None:
    """A word that scores nearly as well as free phones, and has the same phones, was said."""
    words = grammar_path(-40)
    evidence = weigh(words, words[1:], SPOKEN, PHONES)
    assert evidence.coverage == 1.0
    assert evidence.deficit == pytest.approx(-10.0)
    assert evidence.mismatch == 0.0
    assert evidence.confidence > 0.9


def test_confidence_falls_with_the_deficit() -> None:
    """The worse the grammar's path beside the free one, the less it is believed."""
    found = [
        weigh(grammar_path(score), grammar_path(score)[1:], SPOKEN, PHONES).confidence
        for score in (-40, -80, -120)
    ]
    assert found == sorted(found, reverse=True)
    assert found[-1] < 0.4


def test_speech_outside_the_words_counts_against_them() -> None:
    """A word found in the last quarter of a sentence does not stand for the sentence."""
    words = path(("<sil>", 50, -60), ("up", 10, -40))
    evidence = weigh(words, words[1:], SPOKEN, ["AH", "P"])
    assert evidence.coverage == 0.25
    assert evidence.confidence < 0.1


def test_noise_is_no_speech() -> None:
    """Few frames with phones, or phones of half a second, are not somebody speaking."""
    assert is_speech(SPOKEN)
    assert not is_speech(path(("SIL", 100, -20), ("T", 4, -30)))
    assert not is_speech(path(("HH", 150, -30), ("S", 120, -30)))
    assert not is_speech([])


def test_words_need_the_time_to_be_said() -> None:
    """A tenth of a second of sound holds no "pardon", however well it scores; silence is none."""
    pardon = ["P", "AA", "R", "D", "AH", "N"]
    assert can_be_said(pardon, path(("SIL", 5, -20), ("AA", 14, -30), ("N", 16, -30)))
    assert not can_be_said(pardon, path(("SIL", 90, -20), ("AA", 14, -30), ("N", 15, -30)))
    assert not can_be_said(["HH", "AY"], [])


def test_word_confidence_follows_its_own_score() -> None:
    """A word that fits badly is trusted less than one that fits well."""
    good, bad = (word_confidence(grammar_path(score)[1], SPOKEN) for score in (-35, -150))
    assert good > 0.9
    assert bad < 0.1
