"""Cutting long spans, so that a long piece does not make other sessions wait."""

from collections.abc import Iterator
from typing import Final

from streamtalk.tts.language import Span

CLAUSE_CHARS: Final = 160
"""About ten seconds of speech."""

_SENTENCE_END: Final = ".!?;。！？；\n"
_PAUSE: Final = ",:，：、— "


def _last_of(text: str, marks: str, start: int, end: int) -> int:
    return max(text.rfind(mark, start, end) for mark in marks) + 1


def clauses(text: str, span: Span, limit_chars: int = CLAUSE_CHARS) -> Iterator[Span]:
    """Cut `span` to `limit_chars` each: after a sentence, else at a pause, else anywhere."""
    start = span.start
    while span.end - start > limit_chars:
        end = start + limit_chars
        cut = _last_of(text, _SENTENCE_END, start, end) or _last_of(text, _PAUSE, start, end) or end
        yield span._replace(start=start, end=cut)
        start = cut
    yield span._replace(start=start)
