"""A text that is being rewritten, each of its characters with the place that it came from."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Edit(NamedTuple):
    """Replace `text[start:end]` by `new`."""

    start: int
    end: int
    new: str


class Origin(NamedTuple):
    """Characters [start, end) of what was heard; empty for a space that was put in."""

    start: int
    end: int


@dataclass(frozen=True)
class Draft:
    """`text`, and for each of its characters where it came from; neither ever goes backwards."""

    text: str
    origins: tuple[Origin, ...]

    @classmethod
    def of(cls, text: str) -> "Draft":
        """What was heard, before any change."""
        return cls(text, tuple(Origin(at, at + 1) for at in range(len(text))))

    def edited(self, edits: Iterable[Edit]) -> "Draft":
        """With every edit made; they ascend and do not overlap."""
        text, origins, at = "", list[Origin](), 0
        for start, end, new in edits:
            text += self.text[at:start] + new
            origins += self.origins[at:start]
            origins += [self._origin(start, end)] * len(new)
            at = end
        return Draft(text + self.text[at:], (*origins, *self.origins[at:]))

    def sub(self, pattern: re.Pattern[str], new: str | Callable[[re.Match[str]], str]) -> "Draft":
        """With every match of `pattern` replaced, as `re.sub` does with a plain text."""
        found = pattern.finditer(self.text)
        return self.edited(
            Edit(m.start(), m.end(), new if isinstance(new, str) else new(m)) for m in found
        )

    def redrawn(self, text: str) -> "Draft":
        """With other characters in the same places; as it is where their number differs."""
        return Draft(text, self.origins) if len(text) == len(self.text) else self

    def stripped(self) -> "Draft":
        """Without space at either end."""
        start = len(self.text) - len(self.text.lstrip())
        end = len(self.text.rstrip())
        return Draft(self.text[start:end], self.origins[start:end])

    def _origin(self, start: int, end: int) -> Origin:
        if start < end:
            return Origin(self.origins[start].start, self.origins[end - 1].end)
        at = self.origins[start - 1].end if start else 0
        return Origin(at, at)
