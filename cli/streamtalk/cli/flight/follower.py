"""A voice activity engine that follows the recorded microphone, as its service does."""

from collections.abc import Callable
from typing import Any, Final

from streamtalk.cli.flight.microphone import Stream
from streamtalk.proto.attachment import Attach
from streamtalk.proto.state import VadState
from streamtalk.vad.batch import Portion, judge_portions
from streamtalk.vad.session import Session

_CHUNKS: Final = 32


class Follower:
    """One attachment at a time; states go to `deliver`."""

    def __init__(
        self,
        stage: tuple[Any, Any],
        streams: dict[str, Stream],
        deliver: Callable[[VadState], None],
    ) -> None:
        self._config, self._engine = stage
        self._streams = streams
        self._deliver = deliver
        self._session: Session | None = None
        self._reached = 0

    def attach(self, request: Attach, now_ns: int) -> None:
        """Begin anew for a new lease: the ring is read up to where the microphone is."""
        session = self._session
        if session is not None and session.lease == request.lease:
            session.renew(now_ns)
            return
        self._session = session = Session(request, self._config, 0, now_ns)
        first = self._stream().first
        if session.tracker.next_sample < first:
            session.tracker.skip_to(first)
        self._reached = min(self._reached, session.tracker.next_sample)

    def follow(self, to_sample: int, now_ns: int) -> None:
        """The microphone has come so far."""
        session = self._session
        if session is None:
            return
        begin = session.tracker.next_sample
        if to_sample > begin:
            pcm = self._stream().read(begin, to_sample)
            session.tracker.offer(session.tracker.stream, begin, pcm)
        while session.tracker.ready:
            fresh, session.fresh = session.fresh, False
            first, pcm = session.tracker.take(_CHUNKS)
            portion = Portion(session, 0, fresh, first, pcm)
            (probabilities,) = judge_portions(self._engine, [portion])
            for state in session.judged(first, probabilities, now_ns):
                self._deliver(state)
        if session.state_due_ns <= now_ns:
            self._deliver(session.state(now_ns))

    def _stream(self) -> Stream:
        session = self._session
        return self._streams.get(session.tracker.stream if session else "") or Stream(0)
