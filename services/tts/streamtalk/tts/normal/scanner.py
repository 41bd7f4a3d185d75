"""Going once over a text with rules: where one matches, its words take the place of the match."""

import enum
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from streamtalk.tts.normal.located import Normal, Part, Said, Writer

Match = re.Match[str]


class Keep(enum.Enum):
    """A rule may want its match as it stands, so that no other rule touches it."""

    KEEP = enum.auto()


Reply = str | Said | Keep | None


class Rule(NamedTuple):
    """One kind of writing and how it is said."""

    pattern: str
    """Regular expression without named groups, verbose; its match is never empty."""

    say: Callable[[Match], Reply]
    """Words for the whole match, or parts with offsets of the text; None: not this rule.

    Groups are numbered from 1 as in `pattern` alone.
    """


class RuleSet:
    """Rules in the order in which they are tried at one place."""

    def __init__(self, rules: Sequence[Rule], flags: re.RegexFlag = re.NOFLAG) -> None:
        compiled = [(re.compile(rule.pattern, re.VERBOSE | flags), rule.say) for rule in rules]
        self._rules = [(pattern.match, say) for pattern, say in compiled]

    def at(self, text: str, place: int) -> tuple[Said | Keep, int] | None:
        """What the first rule that matches at `place` says, and the offset after its match."""
        for match, say in self._rules:
            found = match(text, place)
            if found is None:
                continue
            reply = say(found)
            if reply is None:
                continue
            return ([Part(reply, place)] if isinstance(reply, str) else reply), found.end()
        return None


Choose = Callable[[str, int], RuleSet | None]
"""The rules for the place of a trigger."""


def rewrite(source: Normal, trigger: re.Pattern[str], choose: Choose) -> Normal:
    """Try rules wherever `trigger` matches; everything else, and what no rule wants, is copied."""
    text = source.text
    writer = Writer(source)
    copied = place = 0
    while (found := trigger.search(text, place)) is not None:
        rules = choose(text, found.start())
        outcome = rules.at(text, found.start()) if rules else None
        if outcome is None:
            place = found.start() + 1
            continue
        said, place = outcome
        if isinstance(said, Keep):
            continue
        writer.copy(copied, found.start())
        writer.say(said)
        copied = place
    writer.copy(copied, len(text))
    return writer.done()
