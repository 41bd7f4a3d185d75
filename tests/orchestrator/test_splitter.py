"""Cutting streamed text into speakable pieces."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.orchestrator.splitter import (
    Piece,
    Splitter,
    SplitterConfig,
    is_speakable,
    weight,
)

pytestmark = pytest.mark.unit

EACH_CLAUSE = SplitterConfig(first_min_chars=1, group_clauses=1)
ALPHABET = "ab 1A.,!?:;…。！？，；\n\"”)'-你好3"
TEXTS = st.text(alphabet=ALPHABET, max_size=400)


def split(text: str, config: SplitterConfig | None = None) -> list[str]:
    """Texts of the pieces when `text` comes at once."""
    splitter = Splitter(config)
    return [piece.text for piece in (*splitter.feed(text), *splitter.flush())]


@pytest.mark.parametrize(
    "text",
    [
        "Pi is 3.14 or so",
        "Ask Dr. Smith or Mrs. Jones",
        "Take e.g. apples",
        "See www.example.org/a,b?c=d now",
        "It costs 1,000 dollars at 10:30",
        "1. First thing",
        "J. R. Tolkien wrote it",
    ],
)
def test_splitter_keeps_dots_inside_words_together(text: str) -> None:
    """Decimals, abbreviations, addresses, list numbers and initials end no clause."""
    assert [text] == split(text, EACH_CLAUSE)


def test_splitter_cuts_english_clauses_once_the_next_character_is_there() -> None:
    """A comma or dot decides with the space after it, which stays with the clause."""
    splitter = Splitter(EACH_CLAUSE)
    assert splitter.feed("Yes,") == []
    assert [Piece(0, "Yes, ", 0, 5)] == splitter.feed(" ")
    assert splitter.feed('I do."') == []
    assert [Piece(1, 'I do." ', 5, 12)] == splitter.feed(" ")


@pytest.mark.parametrize("mark", "。！？；，")
def test_splitter_cuts_at_full_width_marks_at_once(mark: str) -> None:
    """A full-width mark ends its clause without waiting for what follows."""
    splitter = Splitter(EACH_CLAUSE)
    assert [f"phrase{mark}"] == [piece.text for piece in splitter.feed(f"phrase{mark}")]
    assert [f"第二句{mark}"] == [piece.text for piece in splitter.feed(f"第二句{mark}")]


def test_splitter_says_the_first_clause_early_and_groups_the_rest() -> None:
    """The first piece is one clause; later ones hold about three."""
    text = "Well, sure thing, I can help. One, two, three, four. Five six. Seven eight. Nine."
    expected = [
        "Well, sure thing, ",
        "I can help. One, two, ",
        "three, four. ",
        "Five six. Seven eight. ",
        "Nine.",
    ]
    assert expected == split(text)


def test_splitter_reads_chinese_with_ascii_punctuation() -> None:
    """Between Han characters an ASCII comma ends a clause though no space follows."""
    assert split("你好,我是助手.", EACH_CLAUSE) == ["你好,", "我是助手."]


def test_splitter_cuts_a_first_clause_without_end_at_a_space() -> None:
    """Speech begins though a model writes no punctuation at all."""
    splitter = Splitter()
    pieces = splitter.feed("word " * 100)
    assert 0 < len(pieces[0].text) <= 80
    assert all(piece.text.endswith(" ") for piece in pieces)


def test_splitter_holds_a_bounded_text() -> None:
    """Neither letters nor punctuation without end fill the memory."""
    config = SplitterConfig(max_chars=100)
    splitter = Splitter(config)
    for run in ("a" * 5_000, "!" * 5_000, " " * 5_000, "好" * 5_000):
        for char in run:
            pieces = splitter.feed(char)
            assert all(len(piece.text) <= 100 for piece in pieces)
            assert len(splitter.tail) <= 100


@given(text=TEXTS, data=st.data())
def test_splitter_gives_the_same_pieces_at_any_token_boundaries(
    text: str, data: st.DataObject
) -> None:
    """How the stream was chopped into tokens makes no difference."""
    config = SplitterConfig(first_min_chars=4, first_max_chars=20, max_chars=40)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=20)))
    splitter = Splitter(config)
    bounds = [0, *cuts, len(text)]
    pieces = [piece for begin, end in pairwise(bounds) for piece in splitter.feed(text[begin:end])]
    pieces += splitter.flush()
    assert split(text, config) == [piece.text for piece in pieces]


@given(
    text=TEXTS,
    first=st.integers(1, 30),
    group=st.integers(1, 4),
)
def test_splitter_pieces_are_the_stream(text: str, first: int, group: int) -> None:
    """Pieces join to the stream but for an unspeakable end, and each can be spoken."""
    splitter = Splitter(SplitterConfig(first_min_chars=first, group_clauses=group, max_chars=2_000))
    pieces = [*splitter.feed(text), *splitter.flush()]
    assert text == "".join(piece.text for piece in pieces) + splitter.tail
    assert not is_speakable(splitter.tail)
    assert all(is_speakable(piece.text) for piece in pieces)
    assert all(text[piece.start : piece.end] == piece.text for piece in pieces)
    assert list(range(len(pieces))) == [piece.index for piece in pieces]


@given(text=TEXTS, limit=st.integers(12, 60))
def test_splitter_pieces_stay_under_the_limit(text: str, limit: int) -> None:
    """No piece is longer than allowed, Chinese counted threefold, and offsets stay exact."""
    splitter = Splitter(SplitterConfig(first_max_chars=limit, max_chars=limit))
    pieces = [*splitter.feed(text), *splitter.flush()]
    assert all(sum(map(weight, piece.text)) <= limit for piece in pieces)
    assert all(text[piece.start : piece.end] == piece.text for piece in pieces)
