"""Which parts of a text are in which language, judged by their script."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final, NamedTuple

from streamtalk.proto.synthesis import Speak, Voice

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
    "KANNADA": "kn",
    "MALAYALAM": "ml",
    "GUJARATI": "gu",
    "GURMUKHI": "pa",
    "ORIYA": "or",
    "SINHALA": "si",
    "MYANMAR": "my",
    "ETHIOPIC": "am",
    "LAO": "lo",
    "KHMER": "km",
    "TIBETAN": "bo",
    "MONGOLIAN": "mn",
    "JAVANESE": "jv",
    "THAANA": "dv",
    "SYRIAC": "syr",
    "BOPOMOFO": "zh",
    "HENTAIGANA": "ja",
    "KATAKANA-HIRAGANA": "ja",
    "ALEF": "he",
    "BET": "he",
    "GIMEL": "he",
    "DALET": "he",
}
"""First word of a letter's Unicode name, and the language most often written so."""

_SIGNS: Final = re.compile(
    "ANGSTROM|BLACK-LETTER|DOUBLE-STRUCK|EULER|FEMININE|FULLWIDTH|INFORMATION|KELVIN|MASCULINE"
    "|MATHEMATICAL|MICRO|OHM|PLANCK|ROMAN|SCRIPT|SUPERSCRIPT|TURNED"
)
"""First words of letters that are signs in any text, and count as Latin."""

_WITHIN: Final = re.compile("CARON|IDEOGRAPHIC|MODIFIER|VEDIC|VERTICAL")
"""First words of letters that belong to those before them, whatever the script."""

_OTHER_SCRIPTS: Final = {"auto", *_SCRIPTS.values()}
"""Who expects one of these takes Latin script for a foreign word."""


class Span(NamedTuple):
    """Code points [start, end) of a text, in one language."""

    start: int
    end: int
    language: str


def script_language(char: str, latin: str = LATIN) -> str | None:
    """Language that a character tells; None of digits, marks and spaces, which any can say.

    A script that none of the table is written in stands for its language by its own name: no voice
    is called so, and an error that names it says more than silence would.
    """
    if not char.isalpha():
        return None
    name = unicodedata.name(char, "UND").removeprefix("HALFWIDTH ")
    script = name.partition(" ")[0]
    if _WITHIN.fullmatch(script):
        return None
    if _SIGNS.fullmatch(script):
        return latin
    language = _SCRIPTS.get(script, script.lower())
    return latin if language == "latin" else language


def spans(text: str, language: str = "auto") -> list[Span]:
    """Cut a text where its language changes; the spans cover all of it.

    What tells no language goes with the span before it, or with the first one.

    Args:
        text: Any text.
        language: What the caller expects; decides for Latin script, for text without letters, and
            whether Han characters are Japanese.
    """
    han = "ja" if language == "ja" else "zh"
    latin = LATIN if language in _OTHER_SCRIPTS else language
    found: list[Span] = []
    for index, char in enumerate(text):
        told = script_language(char, latin)
        told = han if told == "zh" else told
        if told is None or (found and found[-1].language == told):
            continue
        if found:
            found[-1] = found[-1]._replace(end=index)
        found.append(Span(index if found else 0, len(text), told))
    return found or [Span(0, len(text), LATIN if language == "auto" else language)]


def expected_language(speak: Speak, voices: Iterable[Voice]) -> str:
    """The language that an order names, or else that of the voice which it names, or `auto`."""
    if speak.language != "auto" or not speak.voice:
        return speak.language
    return next((voice.language for voice in voices if voice.name == speak.voice), "auto")


def main_language(parts: list[Span]) -> str:
    """The language of most of the text."""
    lengths: dict[str, int] = {}
    for part in parts:
        lengths[part.language] = lengths.get(part.language, 0) + part.end - part.start
    return max(lengths, key=lambda language: lengths[language])
