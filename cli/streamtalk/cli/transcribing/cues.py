"""Words with times into subtitles: short lines, split where people breathe. Pure."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

LINE_COLUMNS: Final = 42.0
"""Longest line; a Chinese character takes 2.1 columns, so that 20 of them fill it."""

_WIDE_COLUMNS: Final = 2.1
_LINES: Final = 2
_LONGEST_S: Final = 7.0
_GAP_S: Final = 0.8
"""A pause that a cue does not span."""

_SHORTEST_S: Final = 1.0
"""A cue stays so long where the next one leaves it the time."""

_TICK_S: Final = 0.001
_SENTENCE_ENDS: Final = tuple(".?!。？！…")
_CLAUSE_ENDS: Final = (*_SENTENCE_ENDS, *",;:，；：、")


@dataclass(frozen=True)
class TimedText:
    """A word, or a Chinese character with the punctuation behind it."""

    text: str
    from_s: float
    to_s: float


@dataclass(frozen=True)
class Cue:
    """One subtitle: at most two lines, shown in [from_s, to_s)."""

    from_s: float
    to_s: float
    lines: tuple[str, ...]


def is_wide(char: str) -> bool:
    """Whether a character fills the room of two."""
    return unicodedata.east_asian_width(char) in "WF"


def columns(text: str) -> float:
    """Room that a text takes on a line."""
    return sum(_WIDE_COLUMNS if is_wide(char) else 1.0 for char in text)


def join(texts: Iterable[str]) -> str:
    """Words or sentences as one text: Chinese needs no space between them."""
    joined = ""
    for text in texts:
        spaced = joined and text and not (is_wide(joined[-1]) and is_wide(text[0]))
        joined += f" {text}" if spaced else text
    return joined


def tokens(text: str) -> list[str]:
    """What a line may be broken between: words, and single wide characters.

    Punctuation stays with what is before it; a word longer than a line is cut.
    """
    found: list[str] = []
    for word in text.split():
        run = ""
        for char in word:
            if not char.isprintable():
                continue
            mark = unicodedata.category(char).startswith("P")
            full = columns(run + char) > LINE_COLUMNS
            if run and not (mark and not full) and (full or is_wide(char) or is_wide(run[0])):
                found.append(run)
                run = ""
            run += char
        if run:
            found.append(run)
    return found


def spread(text: str, from_s: float, to_s: float) -> list[TimedText]:
    """The words of a text at even pace, where nobody knows better."""
    parts = tokens(text)
    total = sum(map(columns, parts)) or 1.0
    found: list[TimedText] = []
    done = 0.0
    for part in parts:
        begin = from_s + (to_s - from_s) * done / total
        done += columns(part)
        found.append(TimedText(part, begin, from_s + (to_s - from_s) * done / total))
    return found


def cues(words: Sequence[TimedText]) -> list[Cue]:
    """Subtitles of all words in order, none overlapping the next."""
    parts = [each for word in words for each in spread(word.text, word.from_s, word.to_s)]
    groups: list[list[TimedText]] = []
    open_: list[TimedText] = []
    for part in parts:
        while open_ and not _goes_with(open_, part):
            cut = _cut(open_, part)
            groups.append(open_[:cut])
            open_ = open_[cut:]
        open_.append(part)
    if open_:
        groups.append(open_)
    return _placed(groups) if groups else []


def _goes_with(group: list[TimedText], part: TimedText) -> bool:
    """Whether a word belongs to the cue of the words before it."""
    last = group[-1]
    if part.from_s - last.to_s >= _GAP_S or part.to_s - group[0].from_s > _LONGEST_S:
        return False
    if last.text.endswith(_SENTENCE_ENDS) and columns(_text(group)) > LINE_COLUMNS / 2:
        return False
    return bool(_wrapped([*group, part]))


def _cut(group: list[TimedText], part: TimedText) -> int:
    """How many words of a full cue stay in it: up to a clause's end in its second half."""
    last = group[-1]
    if part.from_s - last.to_s >= _GAP_S or last.text.endswith(_CLAUSE_ENDS):
        return len(group)
    for count in range(len(group) - 1, len(group) // 2 - 1, -1):
        if group[count - 1].text.endswith(_CLAUSE_ENDS):
            return count
    return len(group)


def _text(group: Sequence[TimedText]) -> str:
    return join(part.text for part in group)


def _wrapped(group: Sequence[TimedText]) -> tuple[str, ...]:
    """The lines of a cue, as even as can be; none where two do not suffice."""
    whole = _text(group)
    if columns(whole) <= LINE_COLUMNS:
        return (whole,)
    halves = [(_text(group[:cut]), _text(group[cut:])) for cut in range(1, len(group))]
    fitting = [pair for pair in halves if max(map(columns, pair)) <= LINE_COLUMNS]
    return min(fitting, key=lambda pair: max(map(columns, pair)), default=())


def _placed(groups: list[list[TimedText]]) -> list[Cue]:
    """Cues with times that ascend, whatever those of the words do."""
    found: list[Cue] = []
    free_s = 0.0
    limits_s = [group[0].from_s for group in groups[1:]] + [float("inf")]
    for group, limit_s in zip(groups, limits_s, strict=True):
        begin_s = max(free_s, round(group[0].from_s, 3))
        end_s = min(max(group[-1].to_s, begin_s + _SHORTEST_S), limit_s)
        free_s = round(max(end_s, begin_s + _TICK_S), 3)
        found.append(Cue(begin_s, free_s, _wrapped(group)))
    return found
