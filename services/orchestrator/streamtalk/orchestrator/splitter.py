"""Streamed text to speakable pieces: a short first one, then groups of clauses."""

import re
from dataclasses import dataclass
from typing import Final

import msgspec

_FULL_STRONG: Final = "。！？\n"
_FULL_WEAK: Final = "，；："
_ENDING: Final = re.compile(r"([.!?,;:…]+)[\"')\]”’»]*$")
_WEAK: Final = frozenset(",;:")
_INITIALS: Final = re.compile(r"(?:[a-z]\.)+")
_LIST_NUMBER: Final = re.compile(r"(?:^|\n)[ \t]*\d{1,3}\.$")
_ABBREVIATION: Final = re.compile(
    r"(?:mr|mrs|ms|dr|prof|st|mt|jr|sr|vs|etc|approx|dept|est|fig|gen|gov|inc|ltd|co|corp|rev|sen"
    r"|rep|capt|col|sgt|vol|cf|ph\.d|jan|feb|mar|apr|aug|sept|oct|nov|dec)\."
)
_TAIL_CHARS: Final = 24
_CJK_WEIGHT: Final = 3


class SplitterConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long pieces are. Chinese characters count three, about what they take to say."""

    first_min_chars: int = 8
    """The first piece ends at the first clause of at least this length."""

    first_max_chars: int = 80
    """Without such a clause the first piece ends at a space before this length."""

    group_clauses: int = 3
    """Later pieces hold about so many clauses; a sentence may end one with a clause less."""

    max_chars: int = 240
    """No piece is longer; at most `MAX_TEXT_CHARS`."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A slice of the stream that is spoken as one."""

    index: int
    """Number of the piece within the answer, from 0."""

    text: str
    start: int
    """Offset of the first character in the stream, in code points."""

    end: int
    """Offset after the last character."""


def is_cjk(char: str) -> bool:
    """Whether `char` is a Han character or kana, written without spaces between words."""
    return (
        "\u3040" <= char <= "\u30ff"
        or "\u3400" <= char <= "\u9fff"
        or "\uf900" <= char <= "\ufaff"
        or char >= "\U00020000"
    )


def weight(char: str) -> int:
    """Length of `char` in Latin letters, by the time that it takes to say."""
    return _CJK_WEIGHT if is_cjk(char) else 1


def is_speakable(text: str) -> bool:
    """Whether `text` holds a letter or a digit of any script."""
    return any(map(str.isalnum, text))


def _abbreviated(before: str) -> bool:
    """Whether the dot at the end of `before` belongs to its word and ends nothing."""
    word = before.rsplit(None, 1)[-1].lstrip("\"'([“‘").lower()
    return (
        _ABBREVIATION.fullmatch(word) is not None
        or _INITIALS.fullmatch(word) is not None
        or _LIST_NUMBER.search(before) is not None
    )


class _Clause:
    """What one more character decides about the text before it."""

    __slots__ = ("ends", "includes_char", "strong")

    def __init__(self, before: str, char: str) -> None:
        self.ends = self.strong = self.includes_char = False
        if char in _FULL_STRONG or char in _FULL_WEAK:
            self.ends = self.includes_char = True
            self.strong = char in _FULL_STRONG
        elif (found := _ENDING.search(before, max(0, len(before) - _TAIL_CHARS))) is not None:
            self._confirm(before, char, found)

    def _confirm(self, before: str, char: str, found: re.Match[str]) -> None:
        """Judge ASCII punctuation by the character that follows it."""
        marks = found.group(1)
        self.strong = not _WEAK.issuperset(marks)
        if char.isspace():
            self.includes_char = True
            self.ends = not (marks == "." and found.end(1) == len(before) and _abbreviated(before))
        elif "…" in marks:
            self.ends = char.isalnum()
        else:
            self.ends = is_cjk(char) and is_cjk(before[found.start() - 1 : found.start()] or " ")


class Splitter:
    """Cuts one stream of text; the pieces do not depend on how the stream was chopped.

    Pieces are consecutive slices of the stream. Only what cannot be spoken is in none: `tail`, the
    punctuation that may remain at the end, and runs of it longer than `max_chars`. Holds at most
    `max_chars` characters.
    """

    def __init__(self, config: SplitterConfig | None = None) -> None:
        self._config = config or SplitterConfig()
        self._index = 0
        self._start = 0
        self._begin()

    def feed(self, text: str) -> list[Piece]:
        """Take the next characters; returns the pieces that became certain."""
        return [piece for char in text for piece in self._take(char)]

    def flush(self) -> list[Piece]:
        """The stream is over: returns what is left, if it can be spoken."""
        return [self._cut(len(self._text))] if self._speakable else []

    @property
    def tail(self) -> str:
        """The characters that are in no piece yet; after `flush`, those that never will be."""
        return self._text

    def _begin(self) -> None:
        self._text = ""
        self._weight = 0
        self._clauses = 0
        self._clause_end = 0
        self._space_end = 0
        self._speakable = False
        self._fresh = False

    def _take(self, char: str) -> list[Piece]:
        clause = _Clause(self._text, char) if self._fresh else None
        if (
            clause
            and clause.ends
            and not clause.includes_char
            and self._close_clause(clause.strong)
        ):
            return [self._cut(len(self._text)), *self._take(char)]
        self._append(char)
        if clause and clause.ends and clause.includes_char and self._close_clause(clause.strong):
            return [self._cut(len(self._text))]
        return self._overflow() if self._weight >= self._limit() else []

    def _append(self, char: str) -> None:
        self._text += char
        self._weight += weight(char)
        if char.isalnum():
            self._speakable = self._fresh = True
        elif char.isspace() and self._speakable:
            self._space_end = len(self._text)

    def _close_clause(self, strong: bool) -> bool:  # noqa: FBT001 (two kinds of clause, not an option)
        """Count the clause that ends here; true when the piece shall end with it."""
        self._clauses += 1
        self._clause_end = len(self._text)
        self._fresh = False
        if self._index == 0:
            return self._weight >= self._config.first_min_chars
        enough = self._config.group_clauses - (1 if strong else 0)
        return self._clauses >= max(1, enough)

    def _limit(self) -> int:
        first = min(self._config.first_max_chars, self._config.max_chars)
        return (self._config.max_chars if self._index else first) - _CJK_WEIGHT + 1

    def _overflow(self) -> list[Piece]:
        """Cut what grew too long at a clause, else at a space, else where it stands."""
        if not self._speakable:
            self._start += len(self._text)
            self._begin()
            return []
        full = len(self._text)
        at = self._clause_end if self._clause_end > full // 3 else self._space_end or full
        rest = self._text[at:]
        piece = self._cut(at)
        return [piece, *self.feed(rest)]

    def _cut(self, at: int) -> Piece:
        end = self._start + at
        piece = Piece(self._index, self._text[:at], self._start, end)
        self._index += 1
        self._start = end
        self._begin()
        return piece
