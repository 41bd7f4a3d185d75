"""English text, spoken or typed, to the plain words that the assistant's tables are written in."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final, TypeAlias

Words: TypeAlias = Sequence[str]
"""Lower-case words, decimal numbers in digits, and parentheses."""

MAX_WORDS: Final = 80
"""Longer requests are none of ours; the bound keeps parsing cheap."""

_SIGNS: Final = (
    (re.compile(r"(?<=\d),(?=\d{3}(?!\d))"), ""),
    (re.compile(r"(?<![\d.])\.(?=\d)"), "0."),
    (re.compile(r"%"), " percent "),
    (re.compile(r"\+"), " plus "),
    (re.compile(r"\*\*|\^"), " to the power of "),
    (re.compile(r"[*×·]|(?<=[\d)])\s*x\s*(?=[\d(])"), " times "),
    (re.compile(r"(?<=[\d)])\s*/\s*(?=[\d(])|÷"), " divided by "),
    (re.compile(r"(?<=[\d)])\s*-\s*(?=[\d(-])|(?<![\w)])-(?=\d)"), " minus "),
    (re.compile(r"√"), " square root of "),
    (re.compile(r"²"), " squared "),
    (re.compile(r"³"), " cubed "),
    (re.compile(r"½"), " and a half "),
)
_TOKEN: Final = re.compile(r"\d+(?:\.\d+)?|[a-z]+(?:'[a-z]+)*|[()]|[^\W\d_]+")
_PLAIN: Final = str.maketrans({"’": "'", "‘": "'", "`": "'", "−": "-", "–": "-", "—": " "})
_SPELLINGS: Final = {
    "whats": "what's",
    "todays": "today's",
    "ok": "okay",
    "gonna": "going",
    "cant": "can't",
    "didnt": "didn't",
    "thats": "that's",
    "cannot": "can't",
    "bye-bye": "bye",
}


def words_of(text: str) -> tuple[str, ...]:
    """The words of `text`; numbers keep their digits, signs become words, the rest is dropped."""
    plain = text.translate(_PLAIN).lower()
    for pattern, word in _SIGNS:
        plain = pattern.sub(word, plain)
    decomposed = unicodedata.normalize("NFKD", plain)
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return tuple(_SPELLINGS.get(word, word) for word in _TOKEN.findall(plain))


def starts_with(words: Words, at: int, phrase: str) -> int:
    """The index after `phrase` when it stands at `at`, else 0."""
    parts = phrase.split()
    end = at + len(parts)
    return end if list(words[at:end]) == parts else 0
