"""What of a reply was heard, and where a lost voice is taken up again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.orchestrator.heard import (
    Place,
    ResumePoint,
    SpokenPiece,
    estimate_marks,
    heard_chars,
    heard_text,
    resume_point,
    truncate,
)
from streamtalk.proto.synthesis import Mark

pytestmark = pytest.mark.unit

REPLY = "Hello there. I am fine, thanks."
PIECES = [
    SpokenPiece(
        "Hello there. ",
        start=0,
        total_samples=24_000,
        marks=(Mark(sample=0, char=0), Mark(sample=10_000, char=6)),
    ),
    SpokenPiece(
        "I am fine, thanks.",
        start=13,
        total_samples=40_000,
        marks=(
            Mark(sample=500, char=0),
            Mark(sample=6_000, char=2),
            Mark(sample=12_000, char=5),
            Mark(sample=26_000, char=11),
        ),
    ),
]


@pytest.mark.parametrize(
    "stop, expected",
    [
        (Place(0, 0), ""),
        (Place(0, 9_999), ""),
        (Place(0, 10_000), "Hello"),
        (Place(0, 23_999), "Hello"),
        (Place(1, 0), "Hello there."),
        (Place(1, 12_000), "Hello there. I am"),
        (Place(1, 26_000), "Hello there. I am fine,"),
        (Place(1, 40_000), REPLY),
        (Place(2, 0), REPLY),
    ],
)
def test_heard_text_holds_the_words_that_were_played_to_their_end(
    stop: Place, expected: str
) -> None:
    """A word counts once the mark after it is reached, not before."""
    assert expected == heard_text(REPLY, PIECES, stop)


def test_heard_text_of_an_ended_answer_is_the_reply() -> None:
    """What ended was heard to the last character, unspeakable ones included."""
    reply = REPLY + " …\n"
    assert reply == heard_text(reply, PIECES, Place(1, 40_000), ended=True)


def test_heard_text_without_marks_follows_the_length_of_the_words() -> None:
    """Without marks half of the audio is about half of the words."""
    pieces = [SpokenPiece("one two three four", start=0, total_samples=1_000)]
    assert heard_text("one two three four", pieces, Place(0, 520)) == "one two"


def test_heard_text_of_chinese_counts_characters() -> None:
    """Chinese without marks is heard character by character, its punctuation attached."""
    pieces = [SpokenPiece("你好，世界", start=0, total_samples=1_000)]
    assert heard_text("你好，世界", pieces, Place(0, 0)) == ""
    assert heard_text("你好，世界", pieces, Place(0, 600)) == "你好，"
    assert heard_text("你好，世界", pieces, Place(0, 1_000)) == "你好，世界"


def test_heard_text_of_an_unfinished_piece_uses_the_pace_of_the_others() -> None:
    """A piece whose total never came is judged by the samples per letter of those before it."""
    pieces = [SpokenPiece("aaaa aaaa", 0, 1_000), SpokenPiece("bbbb bbbb bbbb", 9)]
    assert heard_chars(pieces, Place(1, 510)) == 14


def test_heard_text_survives_marks_that_make_no_sense() -> None:
    """Marks out of order, twice at one place, or outside of the text do no harm."""
    marks = tuple(
        Mark(sample=sample, char=char)
        for sample, char in [(500, 4), (0, 0), (500, 8), (700, 2), (900, 99), (5_000, 8)]
    )
    pieces = [SpokenPiece("one two three", 0, 1_000, marks)]
    assert heard_text("one two three", pieces, Place(0, 999)) == "one"
    assert heard_text("one two three", pieces, Place(0, 1_000)) == "one two three"


@given(
    texts=st.lists(st.text(alphabet="ab 你,。", min_size=1, max_size=20), min_size=1, max_size=5),
    stops=st.lists(st.integers(0, 6_000), min_size=2, max_size=5),
    lengths=st.lists(st.integers(0, 1_000), min_size=5, max_size=5),
)
def test_heard_chars_only_grow_as_the_answer_is_played(
    texts: list[str], stops: list[int], lengths: list[int]
) -> None:
    """A later stop never takes words back, and never exceeds the reply."""
    pieces: list[SpokenPiece] = []
    for text, length in zip(texts, lengths, strict=False):
        pieces.append(SpokenPiece(text, sum(len(p.text) for p in pieces), length))
    places = sorted(Place(*divmod(stop, 1_000)) for stop in stops)
    heard = [heard_chars(pieces, place) for place in places]
    assert heard == sorted(heard)
    assert heard[-1] <= sum(map(len, texts))


def test_estimated_marks_begin_at_words_and_pause_at_commas() -> None:
    """The word after a comma begins later than its letters alone would make it."""
    with_comma = estimate_marks("aaaa, bbbb", 1_000)
    without = estimate_marks("aaaa bbbb", 1_000)
    assert [mark.char for mark in with_comma] == [0, 6]
    assert with_comma[1].sample > without[1].sample


def test_resume_point_is_the_first_word_not_begun() -> None:
    """Without knowledge of the sink the next word after the played position is spoken again."""
    assert ResumePoint(Place(1, 6_000), 15) == resume_point(PIECES, Place(1, 501))
    assert ResumePoint(Place(1, 12_000), 18) == resume_point(PIECES, Place(1, 12_000))


def test_resume_point_keeps_the_words_that_the_sink_has() -> None:
    """Whole words that have arrived are played while the new voice gets ready."""
    point = resume_point(PIECES, Place(0, 12_000), have=Place(1, 13_000))
    assert ResumePoint(Place(1, 12_000), 18) == point
    assert REPLY[point.char :] == "fine, thanks."


def test_resume_point_repeats_the_word_that_broke_off() -> None:
    """When the next word's beginning never arrived, the word being said is said again."""
    point = resume_point(PIECES, Place(1, 13_000), have=Place(1, 14_000))
    assert ResumePoint(Place(1, 13_000), 18) == point


def test_resume_point_after_the_last_word_has_nothing_to_say() -> None:
    """All audio being there, only its end is left."""
    point = resume_point(PIECES, Place(1, 30_000), have=Place(1, 40_000))
    assert ResumePoint(Place(1, 40_000), len(REPLY)) == point


def test_resume_point_of_an_empty_answer_is_its_beginning() -> None:
    """A voice lost before any piece begins anew."""
    assert ResumePoint(Place(0, 0), 0) == resume_point([], Place(0, 0))


@given(played=st.integers(0, 63_999), ahead=st.integers(0, 30_000))
def test_truncated_pieces_and_the_rest_are_the_reply(played: int, ahead: int) -> None:
    """After a failover the heard text of the whole answer is still exact to the character."""

    def place(position: int) -> Place:
        return Place(0, position) if position < 24_000 else Place(1, position - 24_000)

    point = resume_point(PIECES, place(played), place(min(played + ahead, 64_000)))
    pieces = truncate(PIECES, point)
    assert point.place.piece + 1 == len(pieces)
    assert REPLY[: point.char] == "".join(piece.text for piece in pieces)
    again = SpokenPiece(REPLY[point.char :], point.char, 10_000)
    assert heard_text(REPLY, [*pieces, again], Place(len(pieces), 10_000)) == REPLY
    assert heard_chars(PIECES, place(played)) <= point.char
