"""What must stay in one piece: code, formulas, numbers, addresses, pictures of several code points.

All questions are asked of the text so far, never of how it arrived.
"""

import re
import unicodedata
from typing import Final

_MARKS: Final = re.compile(r"[`$\\]")
_SPAN: Final = re.compile(
    r"""
    (?<!`)(?P<ticks>`{1,2})(?!`)[^`\n]{0,200}(?:(?P=ticks)|(?P<code>\Z))
    | \$\$[^$]{0,300}(?:\$\$|(?P<display>\$?\Z))
    | \\\((?:(?!\\\)).){0,300}(?:\\\)|(?P<round>\Z))
    | \\\[(?:(?!\\\]).){0,300}(?:\\\]|(?P<square>\Z))
    | \$(?:(?=[^\s\d$])|(?=[\d.]+[\\^_+=*/{(a-jln-zA-JLN-Z]))[^$\n]{0,200}(?:\$|(?P<dollar>\Z))
    """,
    re.VERBOSE | re.DOTALL,
)
_OPEN: Final = ("code", "display", "round", "square", "dollar")
_FENCE_START: Final = re.compile(r"(?:\A|\n)([ \t]{0,8}(?:```|~~~))\Z")
_FENCE_END: Final = re.compile(r"\n[ \t]{0,8}(?:```|~~~)[`~]*[ \t]*\n\Z")
_JOINER: Final = "\u200d"


def in_span(text: str) -> bool:
    """Whether code in a line or a formula is open at the end of `text`."""
    if _MARKS.search(text) is None:
        return False
    last = None
    for found in _SPAN.finditer(text):
        last = found
    return last is not None and any(last[name] is not None for name in _OPEN)


def fence_ended(text: str) -> bool:
    """Whether the newline at the end of `text` ends the closing line of its block of code."""
    return _FENCE_END.search(text, max(0, len(text) - 80)) is not None


def fence_start(text: str) -> int | None:
    """Where the line begins that has just become the opening of a block of code."""
    if text[-3:] not in {"```", "~~~"}:
        return None
    found = _FENCE_START.search(text)
    return None if found is None else found.start(1)


def joined(before: str, after: str) -> bool:
    """Whether two characters side by side are parts of one that is seen: accents, faces, flags."""
    return (
        _JOINER in {before, after}
        or unicodedata.combining(after) > 0
        or "\ufe00" <= after <= "\ufe0f"
        or "\U0001f3fb" <= after <= "\U0001f3ff"
        or after == "\u20e3"
        or "\U000e0020" <= after <= "\U000e007f"
        or ("\U0001f1e6" <= before <= "\U0001f1ff" and "\U0001f1e6" <= after <= "\U0001f1ff")
        or ("\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff")
    )


def _divides_word(before: str, after: str) -> bool:
    """Whether a cut here would be inside a Latin word, a number, or an address."""
    return before < "\u2e80" and after < "\u2e80" and not before.isspace()


def last_cut(text: str) -> int:
    """Where to cut a text that has neither clauses nor spaces: the last place that parts nothing.

    One endless word is cut at its end, but never between parts of one picture.
    """
    least = max(len(text) // 3, 1)
    for at in range(len(text) - 1, least, -1):
        parts = text[at - 1], text[at]
        if not _divides_word(*parts) and not joined(*parts) and not in_span(text[:at]):
            return at
    for at in range(len(text) - 1, least, -1):
        if not joined(text[at - 1], text[at]):
            return at
    return len(text)
