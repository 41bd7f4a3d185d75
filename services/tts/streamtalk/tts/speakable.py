"""Text as a voice should get it: the same length, so that every offset stays true."""

import re
from typing import Final

_MARKUP: Final = re.compile(
    r"""
    ^[ \t]*(?:[*+-]|\#{1,6}|>+)[ \t]        # bullets, headings, quotations
    | (?<![\d\s])\*+ | \*+(?![\d\s])        # emphasis, but not 3 * 4
    | `+ | ~~ | \|                          # code, strike-through, tables
    | \]\([^)\s]*\) | [\[\]]                # the target of a link
    | (?<!\w)_+ | _+(?!\w)                  # emphasis by underscores
    | [\U0001F000-\U0001FAFF\u2600-\u27BF\u200B-\u200F\uFE0E\uFE0F\u20E3]   # emoji
    """,
    re.VERBOSE | re.MULTILINE,
)
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def speakable(text: str) -> str:
    """Put spaces where markup, emoji and control characters were.

    The result has as many code points as `text`, each at its old place.
    """
    blank = _MARKUP.sub(lambda match: " " * len(match[0]), text)
    return _CONTROL.sub(" ", blank)


def is_speakable(text: str) -> bool:
    """Whether there is anything to say: a letter or a digit of any script."""
    return any(char.isalnum() for char in text)
