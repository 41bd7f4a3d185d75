"""Where words begin, in the text and in the audio."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.tts.marks import WordEvent, spread, to_marks, word_starts

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "text,expected",
    [
        ("Hello “big” world", ["Hello", "“big”", "world"]),
        ("costs $3.50 — don't", ["costs", "$3.50", "don't"]),
        ("今天2024年!", ["今", "天", "2024", "年!"]),
        ("... !", []),
    ],
)
def test_word_starts_are_those_of_words(text: str, expected: list[str]) -> None:
    """Words begin after a space, or with a Han character; punctuation alone is no word."""
    starts = word_starts(text)
    assert len(starts) == len(expected)
    for start, word in zip(starts, expected, strict=True):
        assert text.startswith(word.rstrip("!"), start)


def test_to_marks_takes_the_first_event_of_each_word() -> None:
    """A number that is read digit by digit is one mark, at its beginning, at the other rate."""
    text = "it is 25 degrees"
    events = [WordEvent(0, 0), WordEvent(3, 100), WordEvent(6, 200), WordEvent(7, 300)]
    marks = to_marks([*events, WordEvent(9, 400)], text, 2.0, 10_000)
    assert [(mark.char, mark.sample) for mark in marks] == [(0, 0), (3, 200), (6, 400), (9, 800)]


@given(
    st.text(alphabet="ab 好!", max_size=30),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5_000)), max_size=20),
)
def test_to_marks_ascend_within_the_piece(text: str, events: list[tuple[int, int]]) -> None:
    """Whatever an engine says, marks ascend in both positions and stay within the audio."""
    marks = to_marks([WordEvent(*event) for event in events], text, 1.5, 4_000)
    assert all(mark.sample <= 4_000 for mark in marks)
    for before, after in itertools.pairwise(marks):
        assert before.char < after.char
        assert before.sample <= after.sample


def test_spread_gives_every_character_the_same_time() -> None:
    """Estimated marks follow the lengths of the words."""
    marks = spread("ab cd efgh", 1_000)
    assert [(mark.char, mark.sample) for mark in marks] == [(0, 0), (3, 300), (6, 600)]
