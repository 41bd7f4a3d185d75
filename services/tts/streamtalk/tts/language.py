"""Which parts of a text are in which language, judged by their script."""

import unicodedata
from typing import Final, NamedTuple

LATIN: Final = "en"
"""What Latin script is taken for where the caller does not say."""

_SCRIPTS: Final = {
    "CJK": "zh",
    "LATIN": "latin",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "CYRILLIC": "ru",
    "GREEK": "el",
    "ARABIC": "ar",
    "HEBREW": "he",
    "DEVANAGARI": "hi",
    "BENGALI": "bn",
    "TAMIL": "ta",
    "TELUGU": "te",
    "THAI": "th",
    "GEORGIAN": "ka",
    "ARMENIAN": "hy",
}
"""First word of a letter's Unicode name, and the language most often written so."""


class Span(NamedTuple):
    """Code points [start, end) of a text, in one language."""

    start: int
    end: int
    language: str


def script_language(char: str, latin: str = LATIN) -> str | None:
    """Language that a character tells; None of digits, marks and spaces, which any can say."""
    if not char.isalpha():
        return None
    language = _SCRIPTS.get(unicodedata.name(char, "").partition(" ")[0], "latin")
    return latin if language == "latin" else language


def spans(text: str, language: str = "auto") -> list[Span]:
    """Cut a text where its language changes; the spans cover all of it.

    What tells no language goes with the span before it, or with the first one.

    Args:
        text: Any text.
        language: What the caller expects; decides for Latin script, and for text without letters.
    """
    latin = LATIN if language in {"auto", "zh"} else language
    found: list[Span] = []
    for index, char in enumerate(text):
        told = script_language(char, latin)
        if told is None or (found and found[-1].language == told):
            continue
        if found:
            found[-1] = found[-1]._replace(end=index)
        found.append(Span(index if found else 0, len(text), told))
    return found or [Span(0, len(text), LATIN if language == "auto" else language)]


def main_language(parts: list[Span]) -> str:
    """The language of most of the text."""
    lengths: dict[str, int] = {}
    for part in parts:
        lengths[part.language] = lengths.get(part.language, 0) + part.end - part.start
    return max(lengths, key=lambda language: lengths[language])
