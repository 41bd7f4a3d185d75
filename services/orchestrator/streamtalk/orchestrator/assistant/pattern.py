"""Phrases in the notation of JSGF rule bodies: parsed once, then matched against words.

Words, `(a | b)`, `[optional]` and `<rule>`; what a sentence says and what a recogniser may listen
for are the same text.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from streamtalk.orchestrator.assistant.words import Words

Reader: TypeAlias = Callable[[Words, int], "tuple[object, int] | None"]
"""Reads the value of a slot at an index; returns it and the index after it."""

Slots: TypeAlias = Mapping[str, object]

_TOKEN: Final = re.compile(r"<\w+>|[()\[\]|]|[^\s()\[\]|<>]+")
_CLOSING: Final = {"(": ")", "[": "]"}
_ENDS: Final = frozenset({"|", ")", "]"})


@dataclass(frozen=True, slots=True)
class Word:
    """One word, as it stands."""

    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A reference to a named rule or slot."""

    name: str


@dataclass(frozen=True, slots=True)
class Row:
    """Parts that follow each other."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Exactly one of the options; an empty `Row` among them makes it optional."""

    options: tuple["Node", ...]


Node: TypeAlias = Word | Rule | Row | Choice


def parse(body: str) -> Node:
    """The tree of a rule body; raises ValueError where brackets do not match."""
    tokens = _TOKEN.findall(body)
    node, at = _parse_choice(tokens, 0)
    if at != len(tokens):
        raise ValueError(f"unexpected {tokens[at]!r} in the phrase {body!r}")
    return node


def _parse_choice(tokens: list[str], at: int) -> tuple[Node, int]:
    row, at = _parse_row(tokens, at)
    options = [row]
    while at < len(tokens) and tokens[at] == "|":
        row, at = _parse_row(tokens, at + 1)
        options.append(row)
    return (options[0] if len(options) == 1 else Choice(tuple(options))), at


def _parse_row(tokens: list[str], at: int) -> tuple[Node, int]:
    parts: list[Node] = []
    while at < len(tokens) and tokens[at] not in _ENDS:
        part, at = _parse_part(tokens, at)
        parts.append(part)
    return (parts[0] if len(parts) == 1 else Row(tuple(parts))), at


def _parse_part(tokens: list[str], at: int) -> tuple[Node, int]:
    opening = tokens[at]
    if opening not in {"(", "["}:
        return (Rule(opening[1:-1]) if opening.startswith("<") else Word(opening)), at + 1
    node, at = _parse_choice(tokens, at + 1)
    if tokens[at : at + 1] != [_CLOSING[opening]]:
        raise ValueError(f"a {opening!r} is not closed in the phrase {' '.join(tokens)!r}")
    return (Choice((node, Row(()))) if opening == "[" else node), at + 1


class Matcher:
    """Matches words against named rules; `slots` read what has a value."""

    def __init__(self, rules: Mapping[str, str], slots: Mapping[str, Reader]) -> None:
        self._rules = {name: parse(body) for name, body in rules.items()}
        self._slots = slots

    def match(self, rule: str, words: Words) -> Slots | None:
        """The slots of `rule` when all of `words` are an instance of it, else None."""
        for after, found in self._walk(self._rules[rule], words, 0):
            if after == len(words):
                return found
        return None

    def _walk(self, node: Node, words: Words, at: int) -> Iterator[tuple[int, dict[str, object]]]:
        match node:
            case Word(text):
                if at < len(words) and words[at] == text:
                    yield at + 1, {}
            case Row(parts):
                yield from self._walk_row(parts, words, at)
            case Choice(options):
                for option in options:
                    yield from self._walk(option, words, at)
            case Rule(name) if name in self._slots:
                if (found := self._slots[name](words, at)) is not None:
                    yield found[1], {name: found[0]}
            case Rule(name):
                yield from self._walk(self._rules[name], words, at)

    def _walk_row(
        self, parts: tuple[Node, ...], words: Words, at: int
    ) -> Iterator[tuple[int, dict[str, object]]]:
        if not parts:
            yield at, {}
            return
        for after, found in self._walk(parts[0], words, at):
            for end, more in self._walk_row(parts[1:], words, after):
                yield end, found | more
