"""How much of what stands of a partial transcript is also written as it will stay."""

import re
from typing import Final

from streamtalk.asr.writing.numbers_en import JOINING, is_number_word

_AHEAD: Final = 12
"""No rule looks further behind a character than this, unless a number goes on there."""

_OPEN: Final = frozenset("零〇一二两三四五六七八九十百千万亿幺点分之负第几数兩萬億點負幾數")
"""Characters beside which a number may begin or go on."""

_WORD: Final = re.compile(r"[A-Za-z]+")
_LAST_WORD: Final = re.compile(r"([A-Za-z]+)[ '’-]*$")


def settled(text: str, stable: int) -> int:
    """The most characters that are written alike whatever follows `text[:stable]`.

    Args:
        text: What was heard so far; behind `stable` it may still change.
        stable: Characters that will not.
    """
    known = text[:stable]
    at = len(known) - _AHEAD
    while at > 0 and not _is_joint(known, at):
        at -= 1
    return max(at, 0)


def _is_joint(known: str, at: int) -> bool:
    """Whether nothing that is rewritten as one can lie on both sides of `at`."""
    before, after = known[at - 1], known[at]
    if before in _OPEN or after in _OPEN or before.isspace():
        return False
    if before.isascii() and before.isalnum() and after.isascii() and after.isalnum():
        return False
    last = _LAST_WORD.search(known[max(0, at - 24) : at])
    if last and _is_number(last[1]):
        return False
    following = _WORD.match(known, at + (after in " -"))
    return not (following and _is_number(following.group()))


def _is_number(word: str) -> bool:
    return is_number_word(word) or word.lower() in JOINING
