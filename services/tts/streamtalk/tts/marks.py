"""Where in the audio each word of a text begins."""

import bisect
import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from streamtalk.proto.synthesis import Mark
from streamtalk.tts.normal.located import Normal

_HAN: Final = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003FFFF"
_TOKEN: Final = re.compile(rf"[{_HAN}]|[^\s{_HAN}]+")


class WordEvent(NamedTuple):
    """The engine says: here begins the word at this character."""

    char: int
    """Offset into the text, in code points."""

    sample: int
    """Position in the piece, at whatever rate the engine counts."""


def word_starts(text: str) -> list[int]:
    """Offsets at which words begin: runs without a space, and each Han character.

    Quotation marks and brackets before a word belong to it; a run without letter or digit is none.
    """
    found = (match for match in _TOKEN.finditer(text))
    return [match.start() for match in found if any(char.isalnum() for char in match[0])]


def to_marks(
    events: Iterable[WordEvent], text: str, ratio: float, total_samples: int
) -> list[Mark]:
    """Marks of an engine's events: one for each word, both positions ascending.

    An event inside a word ("2024" read digit by digit) counts only when it is the word's first.

    Args:
        events: In the order of the audio.
        text: The text that offsets count in.
        ratio: Samples at 24 kHz for one sample of the events.
        total_samples: Length of the piece; no mark lies beyond it.
    """
    starts = word_starts(text)
    marks: list[Mark] = []
    for event in events:
        index = bisect.bisect_right(starts, event.char) - 1
        char = starts[index] if index >= 0 else 0
        sample = min(round(event.sample * ratio), total_samples)
        if not marks or (char > marks[-1].char and sample >= marks[-1].sample):
            marks.append(Mark(sample=sample, char=char))
    return marks


def to_original(marks: Iterable[Mark], said: Normal, original: str) -> list[Mark]:
    """Marks of what was said as marks of what was ordered: the first of each word of `original`."""
    last = max(len(said.origin) - 1, 0)
    events = [
        WordEvent(said.origin[min(mark.char, last)], mark.sample) for mark in marks if said.origin
    ]
    total = max((event.sample for event in events), default=0)
    return to_marks(events, original, 1.0, total)


def spread(text: str, total_samples: int) -> list[Mark]:
    """Estimated marks: every character lasts equally long."""
    length = max(len(text), 1)
    return [Mark(sample=char * total_samples // length, char=char) for char in word_starts(text)]
