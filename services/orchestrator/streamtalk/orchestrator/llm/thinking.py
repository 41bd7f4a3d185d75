"""Keeps a model's `<think>…</think>` out of what is spoken, however the tags are cut up."""

import re
from typing import Final

_NAMES: Final = ("think", "thinking", "reasoning", "thought")
_TAGS: Final = tuple(f"<{slash}{name}>" for slash in ("", "/") for name in _NAMES)
_TAG: Final = re.compile("|".join(re.escape(tag) for tag in _TAGS), re.IGNORECASE)
_LONGEST: Final = max(map(len, _TAGS))
_BEGINS_INSIDE: Final = re.compile(r"deepseek-r1|qwq|[-_]thinking|[-_]reasoning", re.IGNORECASE)


def may_begin_inside(model: str) -> bool:
    """Whether a model's template may open the tag itself, so that only `</think>` is ever sent."""
    return _BEGINS_INSIDE.search(model) is not None


class ThinkFilter:
    """A stream of text in, the spoken part of it out, without white space before the first word.

    With `begins_inside` all text is held until `</think>`, up to `held_chars`.
    """

    def __init__(self, *, begins_inside: bool = False, held_chars: int = 8_000) -> None:
        self._inside = False
        self._buffer = ""
        self._undecided = begins_inside
        self._held = ""
        self._held_chars = held_chars
        self._has_spoken = False
        self.saw_stray_close = False
        """A `</think>` came without its `<think>`: the next answer should begin inside."""

    def decide_outside(self) -> None:
        """The server keeps reasoning apart, so the text is the answer from its beginning."""
        self._undecided = False

    def feed(self, text: str) -> str:
        """The part of the text so far that is certain to be spoken."""
        self._buffer += text
        spoken = ""
        while found := _TAG.search(self._buffer):
            spoken += self._take(self._buffer[: found.start()])
            self._buffer = self._buffer[found.end() :]
            self._switch(opens=not found[0].startswith("</"))
        keep = self._possible_tag()
        sure = len(self._buffer) - keep
        spoken += self._take(self._buffer[:sure])
        self._buffer = self._buffer[sure:]
        return spoken

    def flush(self, *, complete: bool) -> str:
        """What is left at the end; `complete` says that the answer was not cut off."""
        rest = self._take(self._buffer)
        self._buffer = ""
        held = self._held.lstrip() if self._undecided and complete else ""
        self._held = ""
        return held + rest

    @property
    def is_thinking(self) -> bool:
        """Whether text is being held back as reasoning."""
        return self._inside or self._undecided

    def _switch(self, *, opens: bool) -> None:
        if not opens and not self._inside:
            self.saw_stray_close = True
            self._undecided, self._held = False, ""
        self._inside = opens

    def _take(self, text: str) -> str:
        if self._inside:
            return ""
        if self._undecided:
            self._held = (self._held + text)[: self._held_chars]
            return ""
        if not self._has_spoken:
            text = text.lstrip()
            self._has_spoken = bool(text)
        return text

    def _possible_tag(self) -> int:
        """Length of the end of the buffer that may grow into a tag."""
        tail = self._buffer[-_LONGEST:].lower()
        start = tail.rfind("<")
        if start < 0 or not any(tag.startswith(tail[start:]) for tag in _TAGS):
            return 0
        return len(tail) - start
