"""From kept answers to the bus: what may go is published, what sinks say is heard."""

from collections.abc import Callable

from streamtalk.proto.codec import decode
from streamtalk.proto.errors import UnknownMessageError
from streamtalk.proto.message import Message
from streamtalk.proto.state import PlaybackState
from streamtalk.proto.topics import parse_topic, topic
from streamtalk.tts.answers import Answers, Key


class Delivery:
    """Publishes speech; hears the sinks of the sessions that it holds audio for, and no others."""

    def __init__(
        self,
        answers: Answers,
        publish: Callable[[bytes, Message, bytes], None],
        subscribe: Callable[[bytes], None],
        unsubscribe: Callable[[bytes], None],
    ) -> None:
        self._answers = answers
        self._publish = publish
        self._subscribe = subscribe
        self._unsubscribe = unsubscribe
        self._heard: set[str] = set()

    def hear(self, session: str) -> None:
        """From now on listen to the session's sink."""
        if session not in self._heard:
            self._heard.add(session)
            self._subscribe(topic("state", "playback", session))

    def send(self, session: str, answer: str, now_ns: int) -> None:
        """Publish what may go of one answer."""
        name = topic("audio", "speech", session)
        for header, pcm in self._answers.take(session, answer, now_ns):
            self._publish(name, header, pcm)

    def take_state(self, raw_topic: bytes, header: bytes, now_ns: int) -> list[Key]:
        """A sink's state: send what it wants now; returns the answers that it is done with.

        Raises MessageError for what is no such state.
        """
        session = parse_topic(raw_topic).session
        state = decode(header)
        if not isinstance(state, PlaybackState):
            raise UnknownMessageError(f"no state of a sink: {type(state).__name__}")
        done = self._answers.hear(session, state.held, now_ns)
        for answer, _ in self._answers.of(session):
            if answer not in done:
                self.send(session, answer, now_ns)
        return [(session, answer) for answer in done]

    def rest(self) -> None:
        """Listen no more to sinks whose sessions have nothing here."""
        for session in [s for s in self._heard if not self._answers.has_session(s)]:
            self._heard.remove(session)
            self._unsubscribe(topic("state", "playback", session))
