"""Text that turns in a circle: a decoder that has lost its way."""

import zlib
from typing import Final

from streamtalk.asr.trust.phrases import plain

_TIMES: Final = 4
"""So often in a row nobody says the same; "no no no" is three."""

_LONGEST: Final = 8
_SHARE: Final = 0.6
"""Of the text that the repetition must make up, else it is an emphasis within a sentence."""


def compression_ratio(text: str) -> float:
    """Bytes of the text over bytes of its compressed form; Whisper's own limit is 2.4."""
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw)) if raw else 0.0


def is_circle(text: str) -> bool:
    """Whether a run of words, or of characters where there are no spaces, is most of `text`."""
    words = plain(text).split()
    return _repeats(words) or _repeats(list("".join(words)), shortest=2)


def _repeats(units: list[str], shortest: int = 1) -> bool:
    for length in range(shortest, min(_LONGEST, len(units) // _TIMES) + 1):
        for start in range(len(units) - length * _TIMES + 1):
            end = start + length
            while units[end : end + length] == units[start : start + length]:
                end += length
            longest = end - start
            if longest >= length * _TIMES and longest >= _SHARE * len(units):
                return True
    return False
