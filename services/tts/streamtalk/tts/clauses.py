"""Cutting long spans, so that a long piece does not make other sessions wait."""

from collections.abc import Iterator
from typing import Final

from streamtalk.tts.language import Span

CLAUSE_CHARS: Final = 160
"""About ten seconds of speech."""

_CUTS: Final = (".!?;。！？；\n", ",:，：、—", " ")
"""Where to cut, best first: after a sentence, at a pause, between words."""


def _cut(text: str, start: int, end: int) -> int:
    for marks in _CUTS:
        found = max(text.rfind(mark, start, end) for mark in marks)
        if found >= 0:
            return found + 1
    return end


def clauses(text: str, span: Span, limit_chars: int = CLAUSE_CHARS) -> Iterator[Span]:
    """Cut `span` to `limit_chars` each: best after a sentence."""
    start = span.start
    while span.end - start > limit_chars:
        end = start + limit_chars
        cut = _cut(text, start, end)
        yield span._replace(start=start, end=cut)
        start = cut
    yield span._replace(start=start)
