"""Spaces between Chinese and Latin: one beside a word, none beside a number, none in Chinese."""

import re
from collections.abc import Iterator
from typing import Final

from streamtalk.asr.writing.characters import HAN
from streamtalk.asr.writing.draft import Draft, Edit

_IN_CHINESE: Final = re.compile(rf"(?<=[{HAN}])\s+(?=[{HAN}])")
_LETTER_WORDS: Final = "恤股站歌光版超型盘盤群轮輪轴軸级級区區座妹"
"""What makes one word with a single letter before it: T恤, A股, B站."""

_COUNTED: Final = "个個只本张条位名件年月日号號点分秒天岁"
_BEFORE_WORD: Final = re.compile(
    rf"(?<=[{HAN}])\s*(?![A-Z][{_LETTER_WORDS}])(?=[A-Za-z])|(?<=[{HAN}])\s+(?=[A-Za-z])"
)
_WORD_BEFORE: Final = re.compile(
    r"(?<![A-Za-z\d])([A-Za-z][A-Za-z\d'’.&+#/-]*"
    rf"(?: \d[A-Za-z\d.]*(?!\s*[{_COUNTED}]))?)(\s*)(?=[{HAN}])"
)
"""A Latin word before Chinese, with the number that belongs to it, such as `iPhone 15`."""

_BESIDE_NUMBER: Final = re.compile(
    rf"(?<=[{HAN}])\s+(?=[-+]?[\d¥$€£])|(?<=[\d%％℃°‰])\s+(?=[{HAN}])"
)
_WIDER: Final = re.compile(r"\s{2,}|[\t\n\u3000]")


def spaced(draft: Draft) -> Draft:
    """With the spaces that people set; a line break is one, a transcript has no lines."""
    draft = draft.sub(_WIDER, " ").sub(_IN_CHINESE, "").sub(_BESIDE_NUMBER, "")
    draft = draft.sub(_BEFORE_WORD, " ")
    return draft.edited(_behind_words(draft.text))


def _behind_words(text: str) -> Iterator[Edit]:
    for found in _WORD_BEFORE.finditer(text):
        word, space = found.groups()
        is_one = len(word) == 1 and word.isupper() and text[found.end()] in _LETTER_WORDS
        wanted = "" if is_one and not space else " "
        if space != wanted:
            yield Edit(found.end(1), found.end(2), wanted)
