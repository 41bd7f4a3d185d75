"""Punctuation as wide as its sentence: `，` in Chinese, `,` in English, by what is beside it."""

import re
from collections.abc import Iterator
from typing import Final

from streamtalk.asr.writing.characters import HAN
from streamtalk.asr.writing.draft import Draft, Edit

_TO_WIDE: Final = {",": "，", ".": "。", "!": "！", "?": "？", ";": "；", ":": "：", "｡": "。"}
_TO_NARROW: Final = {wide: narrow for narrow, wide in _TO_WIDE.items() if narrow != "｡"}
_MARK: Final = re.compile(r"[,.!?;:｡，。！？；：]")
_ENDS: Final = frozenset(".!?。！？｡")
_HAN: Final = re.compile(f"[{HAN}]")
_CLOSERS: Final = frozenset("\"'”’)）》」』】%％°?!？！")
_NEAR: Final = 3
"""So many closing marks and spaces may stand between a mark and the letter that it follows."""

_DOUBLED: Final = re.compile(r"，{2,}|。{2}(?!。)|、{2,}")
_STRAY_SPACE: Final = re.compile(
    r"\s+(?=[，。！？；：、）》」』】])|(?<=[，。！？；：、（《「『【])\s+"
)
_MISSING_SPACE: Final = re.compile(r"(?<=[A-Za-z][,;!?])(?=[A-Za-z])")


def punctuated(draft: Draft, *, is_chinese: bool) -> Draft:
    """Every mark in the width of its sentence, with the space that such a mark has.

    Args:
        draft: The text.
        is_chinese: Whether it is Chinese, perhaps with Latin words in it, and not the other way.
    """
    draft = draft.edited(_widths(draft.text, is_chinese=is_chinese))
    draft = draft.sub(_DOUBLED, lambda found: found.group()[0]).sub(_STRAY_SPACE, "")
    return draft.sub(_MISSING_SPACE, " ")


def _widths(text: str, *, is_chinese: bool) -> Iterator[Edit]:
    begin = 0
    for found in _MARK.finditer(text):
        at, mark = found.start(), found.group()
        wide = _is_wide(text, begin, at) if is_chinese else _is_between_han(text, at)
        new = (_TO_WIDE if wide else _TO_NARROW).get(mark, mark)
        if new != mark:
            yield Edit(at, at + 1, new)
        if mark in _ENDS and not _is_inner(text, at):
            begin = at + 1


def _is_wide(text: str, begin: int, at: int) -> bool:
    """Whether the mark at `at`, in the sentence that begins at `begin`, is one of Chinese."""
    if _is_inner(text, at):
        return False
    before, after = _letter(text, range(at - 1, -1, -1)), _letter(text, range(at + 1, len(text)))
    if _HAN.match(before):
        return True
    ends = text[at] in _ENDS or not after
    if not ends:
        return bool(_HAN.match(after))
    return _HAN.search(text, begin, at) is not None


def _is_between_han(text: str, at: int) -> bool:
    """Whether Chinese stands on both sides: a quotation in another language.

    At the end of the text it is enough that it was written wide behind Chinese.
    """
    if not _HAN.match(text[at - 1 : at]):
        return False
    after = text[at + 1 : at + 2]
    return bool(_HAN.match(after)) or (not text[at + 1 :].strip() and text[at] in _TO_NARROW)


def _is_inner(text: str, at: int) -> bool:
    """Whether the mark stands inside a number, a time or an address, or is one of many dots."""
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if text[at] == "." and "." in (before, after):
        return True
    if text[at] not in ",.:" or not (before and after):
        return False
    if before.isdigit() and after.isdigit():
        return True
    return text[at] == "." and all(c.isascii() and c.isalnum() for c in (before, after))


def _letter(text: str, places: range) -> str:
    """The first letter or digit of these places, no further than closing marks and spaces go."""
    for place in places[: _NEAR + 1]:
        char = text[place]
        if char.isalnum():
            return char
        if not (char.isspace() or char in _CLOSERS):
            break
    return ""
