"""How texts are said: the list of cases, and what holds of every text."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.proto.synthesis import Mark
from streamtalk.tts.marks import to_original
from streamtalk.tts.normal import normalise
from streamtalk.tts.normal.numbers_zh import cardinal as chinese
from tests.support.normal_cases import Case, read_cases, same

pytestmark = pytest.mark.unit

CASES = read_cases(Path(__file__).parent / "normal_cases")
HARD = st.text(
    alphabet="aB 1309.,:/-+%$¥€°`*_#|[]()\\^{}<>&@~'\n你年月个😀\ud800\x07\u200d²½=x", max_size=80
)
LANGUAGES = st.sampled_from(["auto", "en", "zh", "de", "ja"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file}:{case.line}")
def test_normalise_says_it_as_people_do(case: Case) -> None:
    """Every text of the list is said as it was written down by hand."""
    said = normalise(case.text, case.language).text
    assert same(said, case.expected), said


def test_normalise_is_measured_on_a_list_of_both_languages() -> None:
    """At least 300 cases, at least 100 of either language."""
    files = [case.file for case in CASES]
    assert len(CASES) >= 300
    assert sum(file.startswith("zh") for file in files) >= 100
    assert sum(file.startswith("en") for file in files) >= 100


@given(st.one_of(st.text(max_size=80), HARD), LANGUAGES)
def test_normalise_knows_the_place_of_every_character(text: str, language: str) -> None:
    """One origin for each code point, inside the original, never descending."""
    said = normalise(text, language)
    assert len(said.text) == len(said.origin)
    assert all(0 <= origin < len(text) for origin in said.origin)
    assert all(before <= after for before, after in pairwise(said.origin))


@given(st.one_of(st.text(max_size=80), HARD), LANGUAGES)
def test_normalise_leaves_nothing_that_a_voice_cannot_take(text: str, language: str) -> None:
    """No control character but newlines, no half of a surrogate pair, no emoji."""
    for char in normalise(text, language).text:
        assert char == "\n" or (char >= " " and not "\x7f" <= char < "\xa0")
        assert not "\ud800" <= char <= "\udfff"
        assert not "\U0001f000" <= char <= "\U0001faff"


@given(HARD)
def test_normalise_leaves_no_figures_to_the_voice(text: str) -> None:
    """English and Chinese are written out: no ASCII digit is left."""
    assert not any(char.isascii() and char.isdigit() for char in normalise(text).text)


@given(st.lists(st.sampled_from(["well", "this", "plain", "line", "of", "words"])))
def test_normalise_does_not_touch_plain_words(words: list[str]) -> None:
    """Words without anything to write out are said as they stand, each at its own place."""
    text = " ".join(words)
    said = normalise(text)
    assert said.text == text
    assert list(said.origin) == list(range(len(text)))


@pytest.mark.parametrize(
    "text",
    ["a" * 4_000, "1" * 4_000, "1," * 2_000, "a-" * 2_000, "$" * 4_000, "`" * 4_000, "[" * 4_000,
     "<a" * 2_000, "|" * 4_000, "*" * 4_000, "a.b" * 1_333, "1:1/" * 1_000, "\\frac{" * 660,
     "$x^" + "{" * 390 + "$", "😀" * 4_000, "一1" * 2_000, "- " * 2_000, "\n" * 4_000, "(1" * 2_000,
     "a@" * 2_000, "1-" * 2_000, "+1 " * 1_333, "http://" * 570, "&a" * 2_000, "  " * 2_000],
    ids=lambda text: text[:6],
)  # fmt: skip
@pytest.mark.timeout(10)
def test_normalise_takes_the_worst_text_of_the_allowed_length(text: str) -> None:
    """No text makes a rule run away, and none grows more than twelvefold."""
    said = normalise(text)
    assert len(said.text) <= 12 * len(text)


def test_normalise_leaves_figures_of_other_languages_to_their_voice() -> None:
    """German is stripped of its markup; how it says 3,5 is its voice's business."""
    assert normalise("Es sind **3,5** km am 5.3.", "de").text == "Es sind 3,5 km am 5.3."


@pytest.mark.parametrize(
    "text,said",
    [
        ("٣", "three"),
        ("①第一 ②第二", "一 第一 二 第二"),
        ("⑳", "twenty"),
        ("２０２４年", "二零二四年"),
        ("2⅕ and 2½", "two and a fifth and two and a half"),
        ("⑴a", "one a"),
        ("x²", "x squared"),
        ("१२ घर", "१२ घर"),
    ],
)
def test_normalise_knows_figures_of_other_scripts(text: str, said: str) -> None:
    """They are digits to an English or Chinese voice; beside words of their script they stay."""
    assert normalise(text).text.strip() == said


def test_normalise_reads_an_english_piece_of_a_chinese_conversation_in_english() -> None:
    """The language of the conversation does not make 3 cats into 三 cats."""
    assert normalise("I have 3 cats.", "zh").text == "I have three cats."


@given(st.integers(0, 10**16 - 1))
def test_chinese_numbers_are_read_back(number: int) -> None:
    """What is said of a number determines it: nothing lost, nothing doubled."""
    assert value(chinese(str(number))) == number


def value(said: str) -> int:
    """The number that Chinese words mean, by the sums of their groups."""
    high, yi, low = said.rpartition("亿")
    return (value(high) * 10**8 if yi else 0) + _below_yi(low)


def _below_yi(said: str) -> int:
    wan, _, low = said.rpartition("万")
    return _group(wan) * 10**4 + _group(low)


def _group(said: str) -> int:
    digits = {**{char: index for index, char in enumerate("零一二三四五六七八九")}, "两": 2}
    total = digit = 0
    for char in said:
        if char in digits:
            digit = digits[char]
        else:
            total, digit = total + (digit or 1) * 10 ** ("十百千".index(char) + 1), 0
    return total + digit


def test_marks_of_what_was_said_are_marks_of_what_was_ordered() -> None:
    """A sum of money that is said in five words is one word of the order, at its first sound."""
    original = "**It** costs $3.50, I think."
    said = normalise(original)
    starts = [
        index for index, char in enumerate(said.text) if said.text[index - 1 : index] in {"", " "}
    ]
    marks = to_original([Mark(sample=100 * i, char=i) for i in starts], said, original)
    assert [original[mark.char :].split(maxsplit=1)[0] for mark in marks] == original.split()
    assert marks[2].sample == 100 * said.text.index("three")


@given(HARD, LANGUAGES)
def test_marks_stay_within_the_order(text: str, language: str) -> None:
    """Whatever an engine marks lies in the original, both positions ascending."""
    said = normalise(text, language)
    marks = [Mark(sample=10 * i, char=i) for i in range(0, len(said.text), 2)]
    found = to_original(marks, said, text)
    assert all(mark.char < max(len(text), 1) for mark in found)
    assert all(a.char < b.char and a.sample <= b.sample for a, b in pairwise(found))
