"""One piece of an answer as it is kept: what was made, what was sent, what may be sent."""

from collections.abc import Sequence
from typing import NamedTuple

from streamtalk.proto.audio import (
    BYTES_PER_SAMPLE,
    MAX_SPEECH_FRAMES_PER_MESSAGE,
    SPEECH_FRAME_SAMPLES,
)
from streamtalk.proto.frames import MAX_MARKS, Speech
from streamtalk.proto.synthesis import Mark, Speak, Spoken

MESSAGE_SAMPLES = MAX_SPEECH_FRAMES_PER_MESSAGE * SPEECH_FRAME_SAMPLES


class Parcel(NamedTuple):
    """One message to publish."""

    header: Speech
    pcm: bytes


class KeptPiece:
    """The audio of one piece and how far it has been sent."""

    def __init__(self, order: Speak) -> None:
        self.order = order
        self.spoken: Spoken | None = None
        self.made = 0
        """Samples that the engine has made."""

        self.sent = 0
        """Samples that have been published."""

        self.closed = False
        """Whether the last message, the one with the total, has been published."""

        self._marks: list[Mark] = []
        self._marks_sent = 0
        self._pcm = bytearray()
        self._total: int | None = None
        self._credit = order.credit_samples

    @property
    def number(self) -> int:
        """Number of the piece within its answer."""
        return self.order.piece

    @property
    def marks(self) -> list[Mark]:
        """Words that are known so far: all of them once the piece is made."""
        return self._marks if self.spoken is None else self.spoken.marks

    @property
    def kept_bytes(self) -> int:
        """Memory that the audio takes."""
        return len(self._pcm)

    @property
    def waits(self) -> bool:
        """Whether a whole message of audio is made and not sent."""
        return self.made - self.sent >= MESSAGE_SAMPLES

    def add(self, pcm: bytes) -> None:
        """Keep what the engine made next."""
        self._pcm += pcm
        self.made += len(pcm) // BYTES_PER_SAMPLE

    def add_marks(self, marks: Sequence[Mark]) -> None:
        """Keep where words begin, ascending; they go out with the audio up to each."""
        self._marks += marks

    def finish(self, spoken: Spoken) -> None:
        """All is made."""
        self.spoken = spoken
        self._total = self.made

    def release(self) -> None:
        """The sink has it all: keep only the reply."""
        self._pcm = bytearray()
        self.sent, self.closed = self.made, True

    def is_beyond(self, sample: int) -> bool:
        """Whether something was sent that a sink which has `sample` samples still lacks."""
        return self.sent > sample or self.closed

    def rewind(self, sample: int) -> None:
        """Send again from `sample` on, rounded down to a whole frame, no longer on credit."""
        self._credit = 0
        self.sent = min(self.sent, sample - sample % SPEECH_FRAME_SAMPLES)
        self._marks_sent = 0
        self.closed = False

    def take(self, wanted: int) -> list[Parcel]:
        """What may go now, up to sample `wanted` or the caller's credit; it counts as sent."""
        allowed = max(wanted, self._credit)
        end = min(self.made, allowed)
        at_end = self._total is not None and end == self._total
        if not at_end:
            end -= end % SPEECH_FRAME_SAMPLES
        parcels = [
            self._parcel(start, min(start + MESSAGE_SAMPLES, end))
            for start in range(self.sent, end, MESSAGE_SAMPLES)
        ]
        if at_end and not parcels and not self.closed:
            parcels.append(self._parcel(end, end))
        self.sent = max(self.sent, end)
        self.closed = self.closed or at_end
        return parcels

    def _parcel(self, start: int, end: int) -> Parcel:
        header = Speech(
            answer=self.order.answer,
            piece=self.number,
            sample=start,
            attempt=self.order.attempt,
            total_samples=end if end == self._total else None,
            marks=self._take_marks(end),
        )
        pcm = memoryview(self._pcm)[start * BYTES_PER_SAMPLE : end * BYTES_PER_SAMPLE]
        return Parcel(header, bytes(pcm))

    def _take_marks(self, end: int) -> list[Mark]:
        """Those that have not gone out yet, of words that begin before `end`."""
        due = [mark for mark in self._marks[self._marks_sent :] if mark.sample < end][:MAX_MARKS]
        self._marks_sent += len(due)
        return due
