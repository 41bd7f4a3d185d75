"""The sink of a session: holds candidate answers, plays one, and knows to the sample how far.

Pure: no sockets, no clock. Frames come in by `accept`, go out by `pull`; positions are
(piece, sample) at 24 kHz. What is missing shows in `frontiers`, and the publisher sends it again.
"""

from dataclasses import dataclass, field
from typing import Final

from streamtalk.proto.audio import (
    BYTES_PER_SAMPLE,
    MIC_RATE_HZ,
    SPEECH_FRAME_BYTES,
    SPEECH_FRAME_SAMPLES,
    SPEECH_RATE_HZ,
)
from streamtalk.proto.errors import SessionError, UnknownMessageError
from streamtalk.proto.frames import Speech
from streamtalk.proto.message import Ok, Reply
from streamtalk.proto.playback import (
    Finish,
    Hold,
    Play,
    Retake,
    Retaken,
    SinkRequest,
    Stop,
    Stopped,
)
from streamtalk.proto.state import Frontier, PlaybackState
from streamtalk.proto.synthesis import Mark

CREDIT_SAMPLES: Final = SPEECH_RATE_HZ
"""How far ahead of the playing position a sink wants audio: 1 s."""

MAX_HELD: Final = 4
"""Answers whose audio is accepted at a time; the oldest candidate gives way."""

_PIECES_AHEAD: Final = 64
"""Pieces beyond the playing one whose audio is accepted."""

_AHEAD_SAMPLES: Final = 10 * CREDIT_SAMPLES
"""Audio beyond the playing position that is accepted; whoever sends more has no credit for it."""

_KEPT_RESULTS: Final = 32
"""Stopped answers whose position is still told when it is asked for again."""

_MARKS_TOLD: Final = 16
"""Words of a piece that a state tells again: more than fit into the second that is held."""

AUDIBLE_LEVEL: Final = 64
"""Peak of a frame, of 32,768, from which it counts as audible."""


@dataclass
class Piece:
    """Audio of one piece, contiguous from its start."""

    pcm: bytearray = field(default_factory=bytearray)
    total: int | None = None
    """Length in samples, once known."""

    marks: list[Mark] = field(default_factory=list)
    """Words that came with the audio, ascending."""

    @property
    def samples(self) -> int:
        """Samples that are there without a hole."""
        return len(self.pcm) // BYTES_PER_SAMPLE

    @property
    def complete(self) -> bool:
        """Whether all of it is there."""
        return self.total is not None and self.samples >= self.total


@dataclass
class HeldAnswer:
    """One answer that the sink accepts audio for."""

    answer: str
    attempt: int = 0
    floor_piece: int = 0
    """Pieces from here on must be of the current attempt."""

    pieces: dict[int, Piece] = field(default_factory=dict)
    count: int | None = None
    """How many pieces it has, once known."""

    piece: int = 0
    sample: int = 0
    """The next sample to play."""

    frames: int = 0
    late_frames: int = 0
    gaps: int = 0
    starved: bool = False
    first_audible: int | None = None
    last_mic_sample: int = 0
    delay_samples: int = 0
    """What was pulled last leaves the loudspeaker so much later, 24 kHz."""

    passed: dict[int, int] = field(default_factory=dict)
    """Lengths of the pieces that were pulled to their end."""

    def have(self) -> tuple[int, int]:
        """First (piece, sample) that is not there."""
        number = self.piece
        while number in self.pieces and self.pieces[number].complete:
            number += 1
        return number, self.pieces[number].samples if number in self.pieces else 0

    def want(self) -> tuple[int, int]:
        """First (piece, sample) that is not wanted yet: 1 s ahead of the playing position."""
        credit, number, start = CREDIT_SAMPLES, self.piece, self.sample
        while number in self.pieces and self.pieces[number].complete:
            credit -= (self.pieces[number].total or 0) - start
            number, start = number + 1, 0
        return number, max(0, start + credit)

    @property
    def ended(self) -> bool:
        """Whether all of it has been played."""
        return self.count is not None and self.piece >= self.count

    def accept(self, header: Speech, pcm: bytes) -> None:
        """Take frames that continue a piece; what is there already or leaves a hole is dropped."""
        stale = header.piece < self.piece or (
            header.piece >= self.floor_piece and header.attempt < self.attempt
        )
        if stale or header.answer != self.answer or len(pcm) % BYTES_PER_SAMPLE:
            return
        if header.piece > self.piece + _PIECES_AHEAD or not self._has_room(header.piece):
            return
        piece = self.pieces.get(header.piece) or Piece()
        known = piece.samples - header.sample
        if piece.complete or known < 0:
            return
        self.pieces[header.piece] = piece
        piece.pcm += pcm[known * BYTES_PER_SAMPLE :]
        last = piece.marks[-1].char if piece.marks else -1
        piece.marks += [mark for mark in header.marks if mark.char > last]
        if header.total_samples is not None and piece.total is None:
            piece.total = header.total_samples
        if piece.total is not None:
            del piece.pcm[piece.total * BYTES_PER_SAMPLE :]

    def _has_room(self, number: int) -> bool:
        """Whether audio of this piece may be kept; later pieces give way to earlier ones."""
        while sum(p.samples for p in self.pieces.values()) - self.sample > _AHEAD_SAMPLES:
            last = max(self.pieces)
            if last <= number:
                return False
            del self.pieces[last]
        return True

    def pull(self, mic_sample: int, delay_samples: int = 0) -> bytes | None:
        """The next 20 ms; None when they are not there.

        Pieces are joined without a gap. Where the next piece is not there at all, the frame is
        filled up with silence.
        """
        parts: list[bytes | bytearray] = []
        need, number, at = SPEECH_FRAME_SAMPLES, self.piece, self.sample
        while need and (piece := self.pieces.get(number)) is not None:
            taken = min(need, piece.samples - at)
            if taken < need and not piece.complete:
                parts = []
                break
            parts.append(piece.pcm[at * BYTES_PER_SAMPLE : (at + taken) * BYTES_PER_SAMPLE])
            need, at = need - taken, at + taken
            if piece.complete and at >= piece.samples:
                number, at = number + 1, 0
        if not any(parts):
            self._pass_empty_pieces()
            self._note_starved()
            return None
        self._move_to(number, at)
        frame = b"".join(parts).ljust(SPEECH_FRAME_BYTES, b"\0")
        self.delay_samples = delay_samples
        self._note_played(frame, mic_sample + delay_samples * MIC_RATE_HZ // SPEECH_RATE_HZ)
        return frame

    def _pass_empty_pieces(self) -> None:
        while (
            (piece := self.pieces.get(self.piece))
            and piece.complete
            and piece.samples <= self.sample
        ):
            self._move_to(self.piece + 1, 0)

    def _move_to(self, number: int, sample: int) -> None:
        for passed in range(self.piece, number):
            piece = self.pieces.pop(passed, None)
            self.passed[passed] = piece.samples if piece is not None else 0
        self.piece, self.sample = number, sample

    def _note_starved(self) -> None:
        if self.ended or not self.frames:
            return
        self.late_frames += 1
        if not self.starved:
            self.gaps += 1
        self.starved = True

    def _note_played(self, frame: bytes, mic_sample: int) -> None:
        self.starved = False
        self.frames += 1
        self.last_mic_sample = mic_sample
        if self.first_audible is None:
            samples = memoryview(frame).cast("h")
            if max(*samples, -min(samples)) >= AUDIBLE_LEVEL:
                self.first_audible = mic_sample

    def heard(self) -> tuple[int, int]:
        """What has left the loudspeaker: the pulled position less the delay behind the sink."""
        number, sample = self.piece, self.sample - (0 if self.ended else self.delay_samples)
        while sample < 0 and number > 0:
            number -= 1
            sample += self.passed.get(number, 0)
        return number, max(0, sample)

    def retake(self, piece: int, sample: int, attempt: int) -> tuple[int, int]:
        """End `piece` at `sample`, not before what was played; later pieces are made anew."""
        piece, sample = max((piece, sample), (self.piece, self.sample))
        self.attempt, self.floor_piece, self.count = attempt, piece + 1, None
        for number in [n for n in self.pieces if n > piece]:
            del self.pieces[number]
        cut = self.pieces.setdefault(piece, Piece())
        sample = min(sample, cut.samples)
        del cut.pcm[sample * BYTES_PER_SAMPLE :]
        cut.total = sample
        return piece, sample

    def stopped(self, mic_sample: int) -> Stopped:
        """How far it was played."""
        piece, sample = self.heard()
        return Stopped(
            answer=self.answer,
            piece=piece,
            sample=sample,
            ended=self.ended,
            mic_sample=self.last_mic_sample if self.frames else mic_sample,
            first_audible=self.first_audible,
            late_frames=self.late_frames,
            gaps=self.gaps,
            frames=self.frames,
        )

    def frontier(self) -> Frontier:
        """What is there and what is wanted."""
        have_piece, have_sample = self.have()
        want_piece, want_sample = self.want()
        return Frontier(
            answer=self.answer,
            attempt=self.attempt,
            have_piece=have_piece,
            have_sample=have_sample,
            want_piece=want_piece,
            want_sample=want_sample,
            marks=self.told(have_piece),
        )

    def told(self, number: int) -> list[Mark]:
        """The last words that the audio of a piece came with."""
        piece = self.pieces.get(number)
        return piece.marks[-_MARKS_TOLD:] if piece is not None else []


class Sink:
    """The answers of one session, of which at most one is played."""

    def __init__(self) -> None:
        self.term = 0
        self.playing: HeldAnswer | None = None
        self.ended: str | None = None
        self._held: dict[str, HeldAnswer] = {}
        self._results: dict[str, Stopped] = {}

    def obey(self, request: SinkRequest, mic_sample: int) -> Reply:
        """Do what the session's owner says.

        Raises SessionError for a term lower than one seen before, UnknownMessageError for what a
        sink does not serve.
        """
        if request.term < self.term:
            message = f"term {request.term} is over; the session has an owner of term {self.term}"
            raise SessionError(message)
        self.term = request.term
        if isinstance(request, Stop):
            return self._stop(request.answer, mic_sample)
        if request.answer in self._results:
            return self._too_late(request)
        held = self._hold(request.answer)
        if isinstance(request, Retake):
            piece, sample = held.retake(request.piece, request.sample, request.attempt)
            return Retaken(piece=piece, sample=sample, marks=held.told(piece))
        if isinstance(request, Finish):
            held.count = request.pieces
        elif isinstance(request, Play):
            if self.playing is not None and self.playing is not held:
                self._stop(self.playing.answer, mic_sample)
            self.playing = held
        elif not isinstance(request, Hold):
            message = f"a sink does not serve {type(request).__name__}"
            raise UnknownMessageError(message)
        return Ok()

    def accept(self, header: Speech, pcm: bytes) -> None:
        """Take frames of a held answer; others are dropped."""
        held = self._held.get(header.answer)
        if held is not None:
            held.accept(header, pcm)

    def pull(self, mic_sample: int, delay_samples: int = 0) -> bytes | None:
        """The next 20 ms of the answer that is played, or None for silence."""
        playing = self.playing
        if playing is None:
            return None
        frame = playing.pull(mic_sample, delay_samples)
        if playing.ended:
            self.ended = playing.answer
            self._stop(playing.answer, mic_sample)
        return frame

    def state(self, mic_sample: int, *, muted: bool = False) -> PlaybackState:
        """The whole state, for publishing."""
        playing = self.playing
        piece, sample = playing.heard() if playing else (0, 0)
        return PlaybackState(
            term=self.term,
            mic_sample=mic_sample,
            playing=playing.answer if playing else None,
            piece=piece,
            sample=sample,
            first_audible=playing.first_audible if playing else None,
            ended=self.ended,
            starved=playing.starved if playing else False,
            muted=muted,
            held=[held.frontier() for held in self._held.values()],
        )

    @property
    def at_rest(self) -> bool:
        """Whether nothing is played or held."""
        return self.playing is None and not self._held

    @staticmethod
    def _too_late(request: SinkRequest) -> Reply:
        """An answer that was stopped or has ended never begins again."""
        if isinstance(request, Retake):
            message = f"answer {request.answer} is over"
            raise SessionError(message)
        return Ok()

    def _hold(self, answer: str) -> HeldAnswer:
        held = self._held.get(answer)
        if held is None:
            candidates = [name for name, other in self._held.items() if other is not self.playing]
            if len(self._held) >= MAX_HELD and candidates:
                del self._held[candidates[0]]
            held = self._held[answer] = HeldAnswer(answer)
        return held

    def _stop(self, answer: str, mic_sample: int) -> Stopped:
        held = self._held.pop(answer, None)
        if held is None:
            nothing = Stopped(answer=answer, piece=0, sample=0, ended=False, mic_sample=mic_sample)
            return self._results.get(answer, nothing)
        if self.playing is held:
            self.playing = None
        result = self._results[answer] = held.stopped(mic_sample)
        while len(self._results) > _KEPT_RESULTS:
            del self._results[next(iter(self._results))]
        return result
