"""One answer on its way to the loudspeaker: text in, pieces to speak out, what was heard back.

Pure: results and states in, actions out. Pieces are numbered as the sink plays them; a lost voice
is replaced from the first word that the sink does not have. Only certain marks count for that: a
voice that estimates its own is given one clause at a time, and begins it again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from streamtalk.orchestrator.heard import (
    Place,
    ResumePoint,
    SpokenPiece,
    certain,
    heard_chars,
    heard_text,
    resume_point,
    truncate,
)
from streamtalk.orchestrator.lateness import Owed
from streamtalk.orchestrator.splitter import Splitter, SplitterConfig
from streamtalk.proto.audio import SPEECH_RATE_HZ
from streamtalk.proto.playback import Stopped
from streamtalk.proto.state import Frontier, PlaybackState
from streamtalk.proto.synthesis import Mark, Spoken

_UNKNOWN_SAMPLES: Final = 1 << 40
_CLAUSE: Final = SplitterConfig(group_clauses=1)
AHEAD_SAMPLES: Final = 10 * SPEECH_RATE_HZ
"""Audio that is made beyond what was played: a slow voice never runs dry after a quick start, and
cutting in wastes little."""

TONE_SAMPLES: Final = SPEECH_RATE_HZ // 5
"""Length of the tone that stands for what no voice can say."""


@dataclass(frozen=True)
class SpeakPiece:
    """Have a piece spoken."""

    number: int
    text: str
    attempt: int


@dataclass(frozen=True)
class FinishAnswer:
    """Tell the sink how many pieces there are."""

    pieces: int


@dataclass(frozen=True)
class RetakeAnswer:
    """Tell the sink to end the audio there, for another voice to go on."""

    piece: int
    sample: int
    attempt: int


@dataclass(frozen=True)
class SoundTone:
    """Play a tone as this piece: there is no voice."""

    number: int
    attempt: int


AnswerAction = SpeakPiece | FinishAnswer | RetakeAnswer | SoundTone


@dataclass
class _Piece:
    spoken: SpokenPiece
    voice: str = ""
    """Endpoint that was asked to speak it; empty: nobody yet."""

    made: bool = False
    told: dict[int, Mark] = field(default_factory=dict)
    """Exact marks that came with its audio, by character, while it was being made."""

    def learn(self, marks: Sequence[Mark]) -> None:
        """Take what the sink has of its marks."""
        self.told.update((mark.char, mark) for mark in marks)

    def certain(self) -> SpokenPiece:
        """What is known of it beyond doubt."""
        return certain(self.spoken, [self.told[char] for char in sorted(self.told)])

    def end_place(self, number: int) -> Place:
        """Where its audio ends; beyond everything while it is not made."""
        total = self.spoken.total_samples
        return Place(number, total if self.made and total is not None else _UNKNOWN_SAMPLES)


@dataclass
class Answer:
    """The state of one answer."""

    answer: str
    splitter: Splitter = field(default_factory=lambda: Splitter(SplitterConfig()))
    attempt: int = 0
    text: str = ""
    text_complete: bool = False
    first_audio_ns: int = 0
    failures: int = 0
    _pieces: list[_Piece] = field(default_factory=list)
    _frontier: Frontier | None = None
    _cut: Place = field(default_factory=lambda: Place(0, 0))
    """Up to here the sink has everything, by its answer to the last retake."""

    _played: Place = field(default_factory=lambda: Place(0, 0))
    _retaking: ResumePoint | None = None
    _finished: bool = False
    _without_voice: bool = False
    _by_clause: bool = True
    """Whether the voice does not state where it is, so that no piece may be longer than a clause:
    it would be lost, or said again, as a whole."""

    def add_text(self, delta: str) -> list[AnswerAction]:
        """Take more of the reply."""
        self.text += delta
        for piece in self.splitter.feed(delta):
            self._append(piece.text, piece.start)
        return self._next()

    def end_text(self) -> list[AnswerAction]:
        """The reply is complete."""
        if not self.text_complete:
            self.text_complete = True
            for piece in self.splitter.flush():
                self._append(piece.text, piece.start)
        return self._next()

    def asked(self, number: int, voice: str) -> None:
        """A piece was given to the voice at this endpoint."""
        if number < len(self._pieces):
            self._pieces[number].voice = voice

    def not_asked(self, number: int) -> list[AnswerAction]:
        """No voice was there for a piece: ask again now."""
        if number < len(self._pieces) and not self._pieces[number].made:
            self._pieces[number].voice = ""
        return self._next()

    def on_spoken(self, spoken: Spoken, attempt: int) -> list[AnswerAction]:
        """A piece has been made."""
        if attempt != self.attempt or spoken.piece >= len(self._pieces):
            return []
        piece = self._pieces[spoken.piece]
        old = piece.spoken
        marks = tuple(spoken.marks)
        total = spoken.total_samples
        piece.spoken = SpokenPiece(old.text, old.start, total, marks, spoken.estimated)
        self._by_clause = spoken.estimated
        piece.made = True
        self.failures = 0
        return self._next()

    def on_playback(self, state: PlaybackState) -> list[AnswerAction]:
        """Take the sink's state: makes room for further pieces."""
        if state.playing == self.answer:
            self._played = Place(state.piece, state.sample)
        for frontier in state.held:
            if frontier.answer == self.answer and frontier.attempt == self.attempt:
                self._frontier = frontier
                if frontier.have_piece < len(self._pieces):
                    self._pieces[frontier.have_piece].learn(frontier.marks)
        return self._next()

    def lose_voice(self, voice: str) -> list[AnswerAction]:
        """The voice at this endpoint is gone: what the sink does not have is spoken anew."""
        if self._retaking is not None or self._without_voice:
            return []
        have = self._have()
        lost = [
            number
            for number, piece in enumerate(self._pieces)
            if piece.voice == voice and piece.end_place(number) > have
        ]
        if not lost:
            return []
        self.failures += 1
        return self._retake()

    def give_up(self) -> list[AnswerAction]:
        """No voice is to be had: what the sink has is played, then a tone in place of the rest.

        The text goes on to its end, for whoever can read it.
        """
        given_up, self._without_voice = self._without_voice, True
        return [] if given_up or self._retaking is not None else self._retake()

    def _retake(self) -> list[AnswerAction]:
        """End the audio where another attempt can go on."""
        self.attempt += 1
        self._by_clause = True
        pieces = [piece.certain() for piece in self._pieces]
        self._retaking = resume_point(pieces, self._played, self._have())
        place = self._retaking.place
        return [RetakeAnswer(place.piece, place.sample, self.attempt)]

    def _end_with_tone(self) -> list[AnswerAction]:
        if not self.text_complete or self._retaking is not None or self._finished:
            return []
        number = len(self._pieces)
        self._pieces.append(_Piece(SpokenPiece("", len(self.text), TONE_SAMPLES), "", made=True))
        self._finished = True
        return [SoundTone(number, self.attempt), FinishAnswer(number + 1)]

    @property
    def owed(self) -> Owed:
        """What the sink lacks next, and which voice owes it."""
        at = self._have()
        piece = self._pieces[at.piece] if at.piece < len(self._pieces) else None
        if piece is None or piece.voice == "?" or self._retaking is not None:
            return Owed("", made=False, begun=False)
        missing = piece.end_place(at.piece) > at
        return Owed(piece.voice if missing else "", made=piece.made, begun=at.sample > 0)

    @property
    def frontier(self) -> Frontier | None:
        """What the sink has and wants of the current attempt."""
        return self._frontier

    def on_retaken(self, piece: int, sample: int, marks: Sequence[Mark] = ()) -> list[AnswerAction]:
        """The sink has ended the old audio there: go on behind it."""
        point, self._retaking = self._retaking, None
        if point is None:
            return []
        if piece < len(self._pieces):
            self._pieces[piece].learn(marks)
        pieces = [entry.certain() for entry in self._pieces]
        if (piece, sample) != (point.place.piece, point.place.sample):
            # It had played further than was known: the word that was cut is said again.
            point = resume_point(pieces, Place(piece, sample), Place(piece, sample))
            point = ResumePoint(Place(piece, sample), point.char)
        kept = truncate(pieces, point) if pieces else []
        later = [entry.spoken for entry in self._pieces[len(kept) :]]
        ends = [entry.start + len(entry.text) for entry in pieces[: len(kept)]]
        whole = [entry.spoken for entry in self._pieces[: len(kept) - 1]]
        self._pieces = [_Piece(entry, "", made=True) for entry in [*whole, *kept[-1:]]]
        self._frontier, self._finished, self._cut = None, False, Place(piece, sample)
        if self._without_voice:
            return self._next()
        if kept and point.char < ends[-1]:
            self._append(self.text[point.char : ends[-1]], point.char)
        for entry in later:
            self._append(entry.text, entry.start)
        return self._next()

    def heard(self, stopped: Stopped) -> str:
        """The prefix of the reply that was played, from the acknowledged stop position."""
        pieces = [piece.spoken for piece in self._pieces]
        place = Place(stopped.piece, stopped.sample)
        whole = stopped.ended and not self._without_voice
        return heard_text(self.text, pieces, place, ended=whole)

    @property
    def heard_chars(self) -> int:
        """Length of the heard prefix by the last state of the sink: for views, not for history."""
        return heard_chars([piece.spoken for piece in self._pieces], self._played)

    @property
    def pieces(self) -> list[SpokenPiece]:
        """All pieces so far, as history keeps them."""
        return [piece.spoken for piece in self._pieces]

    @property
    def voices(self) -> set[str]:
        """Endpoints that were asked to speak."""
        return {piece.voice for piece in self._pieces if piece.voice}

    def _append(self, text: str, start: int) -> None:
        if not self._without_voice:
            self._pieces.append(_Piece(SpokenPiece(text, start)))

    def _have(self) -> Place:
        if self._frontier is None:
            return self._cut
        return Place(self._frontier.have_piece, self._frontier.have_sample)

    def _ahead_samples(self) -> int:
        """Audio that has been made and not been played."""
        at = self._played
        totals = [piece.spoken.total_samples or 0 for piece in self._pieces[at.piece :]]
        return sum(totals) - min(at.sample, totals[0]) if totals else 0

    def _next(self) -> list[AnswerAction]:
        """Ask for the next piece, one at a time and not too far ahead; say when it was the last."""
        if self._without_voice:
            return self._end_with_tone()
        if self._retaking is not None:
            return []
        actions: list[AnswerAction] = []
        waiting = [piece for piece in self._pieces if not piece.made]
        asked = any(piece.voice for piece in waiting)
        number = len(self._pieces) - len(waiting)
        if waiting and not asked and self._ahead_samples() < AHEAD_SAMPLES:
            if self._by_clause:
                self._part(number)
            # Taken until `asked` names the endpoint, so that nobody asks twice.
            waiting[0].voice = "?"
            actions.append(SpeakPiece(number, waiting[0].spoken.text, self.attempt))
        if self.text_complete and not self._finished:
            self._finished = True
            actions.append(FinishAnswer(len(self._pieces)))
        return actions

    def _part(self, number: int) -> None:
        """Leave one clause in the piece, where more of them can be spoken; the rest is the next."""
        piece = self._pieces[number].spoken
        splitter = Splitter(_CLAUSE)
        clauses = [*splitter.feed(piece.text), *splitter.flush()]
        if len(clauses) < 2:  # noqa: PLR2004 — nothing is left to say after it
            return
        at = clauses[0].end
        first, rest = piece.text[:at], piece.text[at:]
        self._pieces[number].spoken = replace(piece, text=first)
        self._pieces.insert(number + 1, _Piece(SpokenPiece(rest, piece.start + at)))
        self._finished = False
