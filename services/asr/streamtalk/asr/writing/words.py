"""Words with their times, put together anew from a text that was rewritten."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from streamtalk.asr.writing.draft import Draft
from streamtalk.proto.recognition import Word


@dataclass
class _Group:
    """Characters that came from the words [first, last]."""

    first: int
    last: int
    text: str


def rewritten(words: Sequence[Word], heard: str, draft: Draft) -> tuple[Word, ...]:
    """The words of `draft`: those that became one piece of writing are one, from first to last.

    Put one after another they give the text, spaces aside, as those of the recogniser did. Where
    they did not, nothing is known of their places, and they are given back as they are.
    """
    owners = _owners(words, heard)
    if owners is None:
        return tuple(words)
    return tuple(
        Word(
            text=group.text.strip(),
            from_sample=words[group.first].from_sample,
            to_sample=words[group.last].to_sample,
            confidence=min(word.confidence for word in words[group.first : group.last + 1]),
        )
        for group in _groups(draft, owners)
        if group.text.strip()
    )


def _owners(words: Sequence[Word], heard: str) -> list[int] | None:
    """For each character of `heard` the word that it belongs to; None where they do not fit."""
    owners: list[int] = []
    at = 0
    for index, word in enumerate(words):
        found = heard.find(word.text, at)
        if found < 0 or not word.text:
            return None
        owners += [max(index - 1, 0)] * (found - len(owners))
        at = found + len(word.text)
        owners += [index] * (at - len(owners))
    return [*owners, *[len(words) - 1] * (len(heard) - len(owners))] if words else None


def _groups(draft: Draft, owners: Sequence[int]) -> Iterator[_Group]:
    group: _Group | None = None
    for char, (start, end) in zip(draft.text, draft.origins, strict=True):
        first = owners[min(start, len(owners) - 1) if start < end else max(start - 1, 0)]
        last = owners[end - 1] if start < end else first
        if group is not None and first <= group.last:
            group.text, group.last = group.text + char, max(group.last, last)
            continue
        if group is not None:
            yield group
        group = _Group(first, last, char)
    if group is not None:
        yield group
