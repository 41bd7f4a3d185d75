"""Whether speech was in the grammar: its best path beside a free loop of phones.

A grammar forces every sound into its words. Words of the grammar score nearly as well as a path
that may say any phone; others score worse, leave phones uncovered, or are heard as other phones.
The figures are weighed by a logistic regression, fitted on synthetic commands against sentences
outside the grammar, human English and Chinese, meetings, echo and noise (after Hazen, Seneff and
Polifroni, "Recognition confidence scoring and its use in speech understanding systems", 2002).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from streamtalk.asr.score import distance

_WEIGHTS: Final = (0.202, 8.14, -8.66, -0.239)
_BIAS: Final = 9.31
_FEWEST_PHONE_FRAMES: Final = 15
_SLOWEST_PHONE_FRAMES: Final = 30.0
_FASTEST_PHONE_FRAMES: Final = 5
"""20 phones a second: the 8 syllables of the fastest language, of 2.5 phones each (Pellegrino,
Coupé and Marsico, "A cross-language perspective on speech information rate", 2011)."""

_WORD_MIDDLE: Final = -60.0
_WORD_SLOPE: Final = 12.0
NO_PHONES: Final = frozenset({"SIL", "+SPN+", "+NSN+"})


@dataclass(frozen=True)
class Stretch:
    """A word or phone of a path, in frames of 10 ms."""

    name: str
    from_frame: int
    to_frame: int
    score: float
    """Logarithmic acoustic score, in the decoder's units, against the best sound of each frame."""

    probability: float = 1.0
    """Posterior, where the search has one."""

    @property
    def frames(self) -> int:
        """Its length."""
        return self.to_frame - self.from_frame

    def moved(self, frames: int) -> "Stretch":
        """The same, later."""
        return replace(self, from_frame=self.from_frame + frames, to_frame=self.to_frame + frames)


@dataclass(frozen=True)
class Evidence:
    """How well the path of a grammar explains what was said."""

    deficit: float
    """Score of the grammar's path less that of the free one, for each frame of speech."""

    coverage: float
    """Share of the frames with phones that lie in words of the grammar."""

    mismatch: float
    """Edits between the phones of the words and those heard freely, 0 to 1."""

    frames_per_phone: float
    """Noise is heard as few, long phones."""

    @property
    def confidence(self) -> float:
        """Probability that the words were said, 0 to 1."""
        figures = (self.deficit, self.coverage, self.mismatch, self.frames_per_phone)
        return _logistic(_BIAS + math.fsum(map(math.prod, zip(_WEIGHTS, figures, strict=True))))


def is_speech(loop: Sequence[Stretch]) -> bool:
    """Whether the free path holds phones of a length that people can speak."""
    phones = _phones(loop)
    frames = sum(phone.frames for phone in phones)
    return frames >= _FEWEST_PHONE_FRAMES and frames / len(phones) <= _SLOWEST_PHONE_FRAMES


def can_be_said(pronunciation: Sequence[str], loop: Sequence[Stretch]) -> bool:
    """Whether the free path has as much sound as somebody needs for so many phones."""
    frames = sum(phone.frames for phone in _phones(loop))
    return frames >= _FASTEST_PHONE_FRAMES * len(pronunciation)


def weigh(
    path: Sequence[Stretch],
    words: Sequence[Stretch],
    loop: Sequence[Stretch],
    pronunciation: Sequence[str],
) -> Evidence:
    """Compare a grammar's whole `path`, its `words` and their phones with the free `loop`."""
    phones = _phones(loop)
    spoken = {frame for phone in phones for frame in range(phone.from_frame, phone.to_frame)}
    worded = {frame for word in words for frame in range(word.from_frame, word.to_frame)}
    behind = math.fsum(s.score for s in path) - math.fsum(s.score for s in loop)
    heard = [phone.name for phone in phones]
    longest = max(len(heard), len(pronunciation), 1)
    return Evidence(
        deficit=behind / max(len(worded), len(spoken), 1),
        coverage=len(spoken & worded) / max(len(spoken), 1),
        mismatch=distance(pronunciation, heard) / longest,
        frames_per_phone=len(spoken) / max(len(phones), 1),
    )


def word_confidence(word: Stretch, loop: Sequence[Stretch]) -> float:
    """The same for one word, by its deficit alone, 0 to 1."""
    free = math.fsum(s.score * _overlap(s, word) / max(s.frames, 1) for s in loop)
    return _logistic(((word.score - free) / max(word.frames, 1) - _WORD_MIDDLE) / _WORD_SLOPE)


def _phones(loop: Sequence[Stretch]) -> list[Stretch]:
    return [stretch for stretch in loop if stretch.name not in NO_PHONES]


def _overlap(one: Stretch, other: Stretch) -> int:
    return max(0, min(one.to_frame, other.to_frame) - max(one.from_frame, other.from_frame))


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-min(max(value, -50.0), 50.0)))
