"""Streamed text to speakable pieces: a short first one, then groups of clauses."""

import re
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec

from streamtalk.orchestrator.wholes import fence_ended, fence_start, in_span, last_cut
from streamtalk.proto.limits import MAX_TEXT_CHARS

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
_HALVES: Final = re.compile("[\ud800-\udfff]")
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

    max_text_length: Annotated[int, msgspec.Meta(ge=16, le=MAX_TEXT_CHARS)] = 240
    """No piece is longer, but for a block of code."""

    max_code_length: Annotated[int, msgspec.Meta(ge=16, le=MAX_TEXT_CHARS)] = MAX_TEXT_CHARS
    """A block of code, which a voice only names, is one piece up to this many characters."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A slice of the stream that is spoken as one."""

    index: int
    """Number of the piece within the answer, from 0."""

    text: str
    """The slice itself; a half of a surrogate pair, which cannot be sent, is U+FFFD."""

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
    punctuation that may remain at the end, and runs of it longer than `max_text_length`. A piece
    never ends inside a number, an address, an abbreviation, code, a formula or one picture, unless
    that alone is longer than a piece may be. A block of code is a piece of its own. Holds at most
    `max_text_length` characters, or `max_code_length` of code.
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
        self._in_fence = False

    def _take(self, char: str) -> list[Piece]:
        if self._in_fence:
            return self._take_code(char)
        clause = self._clause(char)
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
        fence = fence_start(self._text)
        if fence is not None:
            return self._open_fence(fence)
        return self._overflow() if self._weight >= self._limit() else []

    def _clause(self, char: str) -> _Clause | None:
        clause = _Clause(self._text, char) if self._fresh else None
        return None if clause and clause.ends and in_span(self._text) else clause

    def _open_fence(self, at: int) -> list[Piece]:
        """A block of code begins here: what was before it is said first."""
        if self._speakable:
            rest = self._text[at:]
            return [self._cut(at), *self.feed(rest)]
        self._in_fence = True
        return []

    def _take_code(self, char: str) -> list[Piece]:
        self._append(char)
        if char == "\n" and fence_ended(self._text):
            self._in_fence = False
            return [self._cut(len(self._text))] if self._speakable else []
        if len(self._text) < self._config.max_code_length:
            return []
        self._in_fence = False
        if not self._speakable:
            return self._drop()
        at = self._text.rfind("\n") + 1
        at = at if is_speakable(self._text[:at]) else len(self._text)
        rest = self._text[at:]
        return [self._cut(at), *self.feed(rest)]

    def _append(self, char: str) -> None:
        self._text += char
        self._weight += weight(char)
        if char.isalnum():
            self._speakable = self._fresh = True
        elif char.isspace() and self._speakable and self._may_part():
            self._space_end = len(self._text)

    def _may_part(self) -> bool:
        """Whether the space at the end parts nothing that belongs together."""
        before = self._text[:-1]
        if in_span(before):
            return False
        return not (before.endswith(".") and before[-2:-1].isalpha() and _abbreviated(before))

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
        first = min(self._config.first_max_chars, self._config.max_text_length)
        return (self._config.max_text_length if self._index else first) - _CJK_WEIGHT + 1

    def _overflow(self) -> list[Piece]:
        """Cut what grew too long at a clause, else at a space, else where it stands."""
        if not self._speakable:
            return self._drop()
        at = self._overflow_cut()
        rest = self._text[at:]
        return [self._cut(at), *self.feed(rest)]

    def _drop(self) -> list[Piece]:
        """A run that cannot be spoken and outgrew a piece is in none."""
        self._start += len(self._text)
        self._begin()
        return []

    def _overflow_cut(self) -> int:
        least = len(self._text) // 3
        for at in (self._clause_end, self._space_end):
            if at > least:
                return at
        at = last_cut(self._text)
        return at if is_speakable(self._text[:at]) else len(self._text)

    def _cut(self, at: int) -> Piece:
        end = self._start + at
        text = _HALVES.sub("\ufffd", self._text[:at])
        piece = Piece(self._index, text, self._start, end)
        self._index += 1
        self._start = end
        self._begin()
        return piece
