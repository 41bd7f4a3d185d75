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
    config = SplitterConfig(max_text_length=100)
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
    config = SplitterConfig(first_min_chars=4, first_max_chars=20, max_text_length=40)
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
    splitter = Splitter(
        SplitterConfig(first_min_chars=first, group_clauses=group, max_text_length=2_000)
    )
    pieces = [*splitter.feed(text), *splitter.flush()]
    assert text == "".join(piece.text for piece in pieces) + splitter.tail
    assert not is_speakable(splitter.tail)
    assert all(is_speakable(piece.text) for piece in pieces)
    assert all(text[piece.start : piece.end] == piece.text for piece in pieces)
    assert list(range(len(pieces))) == [piece.index for piece in pieces]


@given(text=TEXTS, limit=st.integers(12, 60))
def test_splitter_pieces_stay_under_the_limit(text: str, limit: int) -> None:
    """No piece is longer than allowed, Chinese counted threefold, and offsets stay exact."""
    splitter = Splitter(SplitterConfig(first_max_chars=limit, max_text_length=limit))
    pieces = [*splitter.feed(text), *splitter.flush()]
    assert all(sum(map(weight, piece.text)) <= limit for piece in pieces)
    assert all(text[piece.start : piece.end] == piece.text for piece in pieces)


HARD = st.text(
    alphabet="ab 1.,!?\n`$\\()[]{}你，。~😀\u200d\ufe0f\u0301\ud83d\ude00אب\x00", max_size=300
)


def whole_texts(text: str, config: SplitterConfig) -> list[Piece]:
    """All pieces of a text that comes at once."""
    splitter = Splitter(config)
    return [*splitter.feed(text), *splitter.flush()]


def sayable(text: str) -> str:
    """The letters and digits of a text, in order."""
    return "".join(filter(str.isalnum, text))


@given(text=st.one_of(HARD, st.text(max_size=300)), limit=st.integers(16, 80), data=st.data())
def test_splitter_loses_and_doubles_nothing_that_can_be_spoken(
    text: str, limit: int, data: st.DataObject
) -> None:
    """Every letter of any text is in one piece, once, in order, however the stream was chopped."""
    config = SplitterConfig(first_max_chars=limit, max_text_length=limit, max_code_length=2 * limit)
    pieces = whole_texts(text, config)
    assert sayable(text) == sayable("".join(piece.text for piece in pieces))
    assert all(is_speakable(piece.text) for piece in pieces)
    assert all(len(piece.text) <= 2 * limit for piece in pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=20)))
    splitter = Splitter(config)
    parts = [text[a:b] for a, b in pairwise([0, *cuts, len(text)])]
    chopped = [piece for part in parts for piece in splitter.feed(part)]
    assert pieces == [*chopped, *splitter.flush()]


@pytest.mark.parametrize(
    "text",
    [
        "Call `f(a, b. c)` now",
        "Take $f(x, y) = a$ here",
        r"Take \(a, b\) here",
        "Set $2x, y^2$ here",
        "Use ``a, b`` here",
    ],
)
def test_splitter_keeps_code_and_formulas_together(text: str) -> None:
    """Punctuation within code or a formula ends no clause."""
    assert [text] == split(text, EACH_CLAUSE)


def test_splitter_takes_sums_of_money_for_no_formula() -> None:
    """A dollar sign before an amount keeps no clause open."""
    assert split("It costs $5, or so, I think", EACH_CLAUSE) == [
        "It costs $5, ",
        "or so, ",
        "I think",
    ]


def test_splitter_makes_a_block_of_code_one_piece() -> None:
    """A voice names a block of code, so it comes whole though it is longer than what is said."""
    block = "```python\n" + "x = 1, 2. 3\n" * 40 + "```\n"
    pieces = split(f"Here it is:\n{block}That is all.")
    assert pieces == ["Here it is:\n", block, "That is all."]


def test_splitter_cuts_a_block_of_code_that_is_too_long_at_a_line() -> None:
    """Even code does not fill the memory or outgrow the wire."""
    config = SplitterConfig(max_code_length=100)
    pieces = split("```\n" + "x = 1\n" * 40, config)
    assert all(len(piece) <= 100 for piece in pieces)
    assert pieces[0].endswith("\n")


@pytest.mark.parametrize(
    "whole", ["3.14159", "1,000,000", "www.example.org/a.b", "Python", "jane@example.org"]
)
def test_splitter_cuts_chinese_without_spaces_beside_a_number_or_an_address(whole: str) -> None:
    """A text that grows too long is cut between Han characters, wherever the limit falls."""
    for before in range(10, 40):
        text = "好" * before + whole + "好" * 30
        pieces = split(text, SplitterConfig(max_text_length=100))
        assert "".join(pieces) == text
        assert sum(whole in piece for piece in pieces) == 1


@pytest.mark.parametrize("whole", ["👨\u200d👩\u200d👧", "👍🏽", "🇩🇪", "e\u0301", "❤\ufe0f"])
def test_splitter_never_parts_a_picture(whole: str) -> None:
    """Even an endless word is not cut between the code points of one picture."""
    for before in range(20, 60):
        text = "a" * before + whole + "b" * 60
        pieces = split(text, SplitterConfig(first_max_chars=40, max_text_length=40))
        assert "".join(pieces) == text
        assert sum(whole in piece for piece in pieces) == 1


def test_splitter_makes_halves_of_pairs_sendable() -> None:
    """A half of a surrogate pair has its place in the stream and never reaches the wire."""
    pieces = whole_texts("Well\ud83d yes, it is so.", EACH_CLAUSE)
    assert [piece.text for piece in pieces] == ["Well\ufffd yes, ", "it is so."]
    assert [(piece.start, piece.end) for piece in pieces] == [(0, 11), (11, 20)]


@pytest.mark.parametrize(
    "text", ["x" * 5_000, "word, " * 17_000, "שלום, " * 200, "\x00\x07" * 500, "`" * 5_000]
)
def test_splitter_takes_the_longest_and_oddest_text(text: str) -> None:
    """A word of 5,000 letters, 100 kB, right-to-left, control characters: bounded, and complete."""
    pieces = whole_texts(text, SplitterConfig())
    assert all(0 < len(piece.text) <= 240 for piece in pieces)
    assert sayable(text) == sayable("".join(piece.text for piece in pieces))
