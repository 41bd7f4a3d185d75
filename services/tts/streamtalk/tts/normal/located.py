"""Text whose every code point knows where in the original it comes from."""

from dataclasses import dataclass
from typing import Final, NamedTuple

_CLOSING: Final = frozenset(",.;，。；")


class Part(NamedTuple):
    """Words to say, and the offset in the text before of what they stand for."""

    text: str
    at: int


Said = list[Part]
"""What a rule makes of its match, in order; offsets never descend."""


@dataclass(frozen=True, slots=True)
class Normal:
    """What a voice is given."""

    text: str
    origin: tuple[int, ...]
    """For each code point of `text` its offset in the original; never descends."""


def unchanged(text: str) -> Normal:
    """A text that stands for itself."""
    return Normal(text, tuple(range(len(text))))


def _joins(before: str, after: str) -> bool:
    """Whether two characters side by side would read as one word."""
    return before.isalnum() and after.isalnum() and before < "\u2e80" and after < "\u2e80"


class Writer:
    """Builds a text of the parts of another: copied, or said in other words.

    Spaces never follow one another, and words that were said never run into their neighbours.
    """

    def __init__(self, source: Normal) -> None:
        self._source = source
        self._chars: list[str] = []
        self._origin: list[int] = []
        self._last = ""
        self._said = False

    def copy(self, start: int, end: int) -> None:
        """Take over [start, end) of the source."""
        if start >= end:
            return
        text = self._source.text[start:end]
        self._open(text[0], self._source.origin[start], said=False)
        if "  " in text or (self._last in {"", " ", "\n"} and text[0] == " "):
            for index in range(start, end):
                self._put(self._source.text[index], self._source.origin[index])
        else:
            self._chars.append(text)
            self._origin += self._source.origin[start:end]
            self._last = text[-1]

    def say(self, said: Said) -> None:
        """Put words in the place of others."""
        for text, at in said:
            if not text:
                continue
            origin = self._source.origin[at]
            self._open(text[0], origin, said=True)
            for char in text:
                self._put(char, origin)
            self._said = True

    def done(self) -> Normal:
        """What was written."""
        return Normal("".join(self._chars), tuple(self._origin))

    def _open(self, char: str, origin: int, *, said: bool) -> None:
        if said and char in _CLOSING:
            self._trim()
        elif (said or self._said) and self._last and _joins(self._last, char):
            self._put(" ", origin)
        self._said = False

    def _trim(self) -> None:
        """Let no space stand before a pause."""
        while self._chars and self._chars[-1].endswith(" "):
            self._chars[-1] = self._chars[-1][:-1]
            self._origin.pop()
            if not self._chars[-1]:
                self._chars.pop()
        self._last = self._chars[-1][-1] if self._chars else ""

    def _put(self, char: str, origin: int) -> None:
        if char == " " and self._last in {"", " ", "\n"}:
            return
        self._chars.append(char)
        self._origin.append(origin)
        self._last = char
