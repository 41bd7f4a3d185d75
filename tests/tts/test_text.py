"""From the text of a piece to what a voice is given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.tts.clauses import clauses
from streamtalk.tts.language import Span, main_language, spans
from streamtalk.tts.speakable import is_speakable

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "text,language,expected",
    [
        ("Hello, 2024.", "auto", [("Hello, 2024.", "en")]),
        ("今天是2024年!", "auto", [("今天是2024年!", "zh")]),
        (
            "我用 Python 写 code。",
            "auto",
            [("我用 ", "zh"), ("Python ", "en"), ("写 ", "zh"), ("code。", "en")],
        ),
        ("“你好” means hello", "auto", [("“你好” ", "zh"), ("means hello", "en")]),
        ("1 + 2 = 3", "auto", [("1 + 2 = 3", "en")]),
        ("1 + 2 = 3", "zh", [("1 + 2 = 3", "zh")]),
        ("Guten Tag", "de", [("Guten Tag", "de")]),
        ("OK 好", "zh", [("OK ", "en"), ("好", "zh")]),
        ("東京は OK", "ja", [("東京は ", "ja"), ("OK", "en")]),
        ("人々がラーメン", "ja", [("人々がラーメン", "ja")]),
        ("п\u02bcять μ and µ", "auto", [("п\u02bcять ", "ru"), ("μ ", "el"), ("and µ", "en")]),
        ("ಕನ್ನಡ", "auto", [("ಕನ್ನಡ", "kn")]),
        ("runes ᚠᚢ", "auto", [("runes ", "en"), ("ᚠᚢ", "runic")]),
    ],
)
def test_spans_follow_the_script(text: str, language: str, expected: list[tuple[str, str]]) -> None:
    """Each part of a text is in the language of its script; digits go with their neighbour."""
    found = [(text[part.start : part.end], part.language) for part in spans(text, language)]
    assert found == expected


@given(st.text())
def test_spans_cover_the_text(text: str) -> None:
    """Nothing of a text is left out or said twice."""
    assert "".join(text[part.start : part.end] for part in spans(text)) == text


def test_main_language_is_that_of_most_characters() -> None:
    """One foreign word does not change the language of a sentence."""
    assert main_language(spans("我喜欢用 Go 写程序")) == "zh"
    assert main_language(spans("She said 你好 to everybody")) == "en"


def test_clauses_are_cut_after_sentences() -> None:
    """A long span is cut where a voice pauses anyway."""
    text = "One two three. Four five six, seven eight. Nine ten eleven"
    parts = [text[part.start : part.end] for part in clauses(text, Span(0, len(text), "en"), 24)]
    assert parts == ["One two three.", " Four five six,", " seven eight.", " Nine ten eleven"]


@given(st.text(), st.integers(1, 50))
def test_clauses_cover_the_span(text: str, limit_chars: int) -> None:
    """Cutting loses nothing and keeps to the limit."""
    parts = list(clauses(text, Span(0, len(text), "en"), limit_chars))
    assert "".join(text[part.start : part.end] for part in parts) == text
    assert all(part.end - part.start <= limit_chars for part in parts)


@pytest.mark.parametrize(
    "text,expected", [("", False), ("... !?", False), ("。，", False), ("5", True), ("好", True)]
)
def test_is_speakable_wants_a_letter_or_digit(text: str, expected: bool) -> None:
    """Punctuation alone is nothing to say."""
    assert is_speakable(text) is expected
