"""Which characters of a reply were heard, and where another voice takes it up again."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from streamtalk.orchestrator.splitter import weight
from streamtalk.proto.audio import SPEECH_RATE_HZ
from streamtalk.proto.synthesis import Mark

_WORD: Final = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff][^\w\s]*|[^\s\u3040-\u30ff\u3400-\u9fff]+"
)
_PAUSES: Final = (
    {",": 3, ";": 3, ":": 3, ".": 6, "!": 6, "?": 6}
    | dict.fromkeys("，；：、", 3)
    | (dict.fromkeys("。！？…", 6))
)
_SAMPLES_PER_UNIT: Final = SPEECH_RATE_HZ // 15
"""Ordinary speech says about 15 letters a second; used until a piece of the answer is known."""


@dataclass(frozen=True, slots=True)
class SpokenPiece:
    """One piece of an answer and what is known of its audio; its index is its number."""

    text: str
    start: int
    """Offset of `text` in the reply, in code points."""

    total_samples: int | None = None
    """Length of its audio, 24 kHz; None until `spoken` has come."""

    marks: tuple[Mark, ...] = ()
    """Where words begin; without any, they are computed from the lengths of the words."""

    estimated: bool = False
    """Whether the voice itself only estimates the marks: good for views, not to go on from."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in the audio of an answer: all earlier pieces and `sample` samples of `piece`."""

    piece: int
    sample: int


ENDLESS_SAMPLES: Final = 1 << 40
"""Length of a piece that is still being made: its end is never reached."""


def certain(piece: SpokenPiece, told: Sequence[Mark] = ()) -> SpokenPiece:
    """The piece with nothing that is only estimated: one long word, where nothing is known.

    `told`: exact marks that came with the audio of a piece that is not made yet.
    """
    marks = tuple(told) if piece.total_samples is None else piece.marks
    start = Mark(sample=0, char=0)
    if piece.estimated or not marks:
        marks = (start,)
    elif marks[0].char:
        marks = (start, *(mark for mark in marks if mark.sample))
    made = piece.total_samples is not None
    return replace(
        piece, total_samples=piece.total_samples if made else ENDLESS_SAMPLES, marks=marks
    )


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """Where the audio is to end, and the offset in the reply to speak on from."""

    place: Place
    char: int


@dataclass(frozen=True, slots=True)
class _Word:
    begin: Place
    end: Place
    char: int
    char_end: int


def estimate_marks(text: str, total_samples: int) -> tuple[Mark, ...]:
    """Spread the words of `text` over `total_samples` by their length and the pauses after them."""
    words = list(_WORD.finditer(text))
    costs = [_cost(word.group()) for word in words]
    whole = sum(costs)
    said = 0
    marks = []
    for word, cost in zip(words, costs, strict=True):
        marks.append(Mark(sample=total_samples * said // whole, char=word.start()))
        said += cost
    return tuple(marks)


def heard_chars(pieces: Sequence[SpokenPiece], stop: Place) -> int:
    """Length of the prefix of the reply whose words were played to their end by `stop`."""
    heard = 0
    for word in _words(pieces):
        if word.end > stop:
            break
        heard = word.char_end
    return heard


def heard_text(
    reply: str, pieces: Sequence[SpokenPiece], stop: Place, *, ended: bool = False
) -> str:
    """The exact prefix of `reply` that was heard; all of it when its playing `ended`."""
    return reply if ended else reply[: heard_chars(pieces, stop)].rstrip()


def resume_point(
    pieces: Sequence[SpokenPiece], played: Place, have: Place | None = None
) -> ResumePoint:
    """Where to end the audio of a lost voice, and from which character another one goes on.

    Without `have`, the first word that has not begun by `played`. With it, what has arrived at the
    sink, the last such word up to there, so that the new voice has the most time; where a hole
    comes before the next word, the word that is being said is said again.
    """
    words = list(_words(pieces))
    points = [ResumePoint(word.begin, word.char) for word in words]
    points += [ResumePoint(word.end, word.char_end) for word in words]
    reachable = sorted(
        (point for point in points if played <= point.place <= (have or point.place)),
        key=lambda point: point.place,
    )
    if reachable:
        return reachable[-1 if have else 0]
    return ResumePoint(played, _char_at(words, played))


def truncate(pieces: Sequence[SpokenPiece], point: ResumePoint) -> list[SpokenPiece]:
    """The pieces up to `point`, the last one cut there; what is spoken again goes behind them."""
    kept = list(pieces[: point.place.piece + 1])
    last = kept[-1]
    length = max(0, point.char - last.start)
    marks = tuple(mark for mark in _marks(last, _rate(pieces)) if mark.char < length)
    kept[-1] = replace(last, text=last.text[:length], total_samples=point.place.sample, marks=marks)
    return kept


def _char_at(words: Sequence[_Word], played: Place) -> int:
    """Where the word begins that is being said, or the last one ended."""
    begun = [word for word in words if word.begin < played]
    if not begun:
        return words[0].char if words else 0
    return begun[-1].char_end if begun[-1].end <= played else begun[-1].char


def _cost(word: str) -> int:
    return sum(weight(char) for char in word) + _PAUSES.get(word[-1], 1)


def _rate(pieces: Sequence[SpokenPiece]) -> float:
    """Samples per unit of cost, from the pieces of the answer that are known."""
    known = [p for p in pieces if p.text and (p.total_samples or ENDLESS_SAMPLES) < ENDLESS_SAMPLES]
    units = sum(_cost(word) for piece in known for word in _WORD.findall(piece.text))
    return sum(piece.total_samples or 0 for piece in known) / units if units else _SAMPLES_PER_UNIT


def _length(piece: SpokenPiece, rate: float) -> int:
    if piece.total_samples is not None:
        return piece.total_samples
    return int(rate * sum(_cost(word) for word in _WORD.findall(piece.text)))


def _marks(piece: SpokenPiece, rate: float) -> tuple[Mark, ...]:
    """The usable marks of a piece, in the order of its text, or computed ones."""
    total = _length(piece, rate)
    if not piece.marks:
        return estimate_marks(piece.text, total)
    ordered: list[Mark] = []
    for mark in sorted(piece.marks, key=lambda mark: (mark.sample, mark.char)):
        inside = mark.char < len(piece.text) and mark.sample < total
        later = not ordered or (mark.char > ordered[-1].char and mark.sample > ordered[-1].sample)
        if inside and later:
            ordered.append(mark)
    return tuple(ordered)


def _words(pieces: Sequence[SpokenPiece]) -> Iterator[_Word]:
    rate = _rate(pieces)
    for number, piece in enumerate(pieces):
        end = Mark(sample=_length(piece, rate), char=len(piece.text))
        for mark, after in pairwise((*_marks(piece, rate), end)):
            yield _Word(
                begin=Place(number, mark.sample),
                end=Place(number, after.sample),
                char=piece.start + mark.char,
                char_end=piece.start + after.char,
            )
