"""Error rates are counted as the literature counts them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.asr.score import ErrorRate, character_errors, distance, normalise, word_errors

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "reference, heard, expected",
    [
        ("the cat sat", "the cat sat", ErrorRate(0, 3)),
        ("the cat sat", "the cat", ErrorRate(1, 3)),
        ("the cat sat", "a cat sat down", ErrorRate(2, 3)),
        ("the cat sat", "", ErrorRate(3, 3)),
        ("", "noise", ErrorRate(1, 0)),
    ],
)
def test_word_errors_counts_edits(reference: str, heard: str, expected: ErrorRate) -> None:
    """Substitutions, insertions and deletions each cost one word of the reference."""
    assert expected == word_errors(reference, heard)


def test_normalise_makes_spellings_equal() -> None:
    """Case, punctuation and digits do not count as errors; apostrophes are part of words."""
    assert normalise("It’s 25 to 3, isn't it?") == "it's twenty five to three isn't it"


def test_normalise_keeps_large_numbers() -> None:
    """Numbers of three digits and more have too many spellings to guess one."""
    assert normalise("in 1961 there were 20 of 100") == "in 1961 there were twenty of 100"


def test_character_errors_ignores_spaces() -> None:
    """Chinese is scored by characters, spaces between them mean nothing."""
    assert character_errors("今天 天气", "今天天汽。") == ErrorRate(1, 4)


def test_rates_add_up_by_length() -> None:
    """The rate of several recordings weighs each by its words."""
    assert (ErrorRate(1, 1) + ErrorRate(0, 3)).rate == 0.25


@given(st.text("abc", max_size=8), st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_distance_is_a_metric(one: str, two: str, three: str) -> None:
    """It is symmetric, zero only for equals, and never longer by a detour."""
    assert distance(one, two) == distance(two, one)
    assert (distance(one, two) == 0) == (one == two)
    assert distance(one, three) <= distance(one, two) + distance(two, three)
