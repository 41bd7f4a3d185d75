"""Filling a session's audio from its microphone ring: pre-roll, holes, and a bus that is away."""

from typing import Final

from streamtalk.client.ring import CAPACITY_SAMPLES, RingCache, RingReader
from streamtalk.proto.audio import MIC_RATE_HZ
from streamtalk.proto.errors import AudioRangeError
from streamtalk.vad.session import Session

_READ_SAMPLES: Final = 2 * MIC_RATE_HZ


class Ringside:
    """Reads rings without ever waiting. Receive thread."""

    def __init__(self, session_limit: int) -> None:
        self._rings = RingCache(session_limit)

    def plausible(self, session: Session, sample: int) -> bool:
        """Whether a frame at `sample`, ahead of what is known, can come from the session's edge.

        One forged position must not make all that follows look old.
        """
        reader = self._open(session)
        if reader is None:
            return sample <= session.tracker.next_sample + CAPACITY_SAMPLES
        return sample <= reader.written + MIC_RATE_HZ

    def fill(self, session: Session, to_sample: int) -> None:
        """Bring a session's audio up to `to_sample`; what the ring lacks is counted lost."""
        self._read(session, to_sample)
        if session.tracker.next_sample < to_sample:
            session.tracker.skip_to(to_sample)

    def follow(self, session: Session) -> None:
        """Bring a session's audio up to what the edge has written, where there is a ring."""
        reader = self._open(session)
        if reader is not None:
            self._read(session, reader.written)

    def close(self) -> None:
        """Unmap all rings."""
        self._rings.close()

    def _open(self, session: Session) -> RingReader | None:
        if not session.ring:
            return None
        try:
            return self._rings.open(session.ring, session.tracker.stream)
        except AudioRangeError:
            return None

    def _read(self, session: Session, to_sample: int) -> None:
        reader, tracker = self._open(session), session.tracker
        if reader is None:
            return
        limit = min(to_sample, reader.written)
        if tracker.next_sample < min(reader.oldest, limit):
            tracker.skip_to(min(reader.oldest, limit))
        while tracker.next_sample < limit:
            first = tracker.next_sample
            try:
                pcm = reader.read(first, min(first + _READ_SAMPLES, limit))
            except AudioRangeError:
                return
            tracker.offer(tracker.stream, first, pcm)
