"""A text on its way through the running `tts`: asked for piece by piece, heard as its own sink."""

import secrets
import time
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import zmq

from streamtalk.cli.forecast import Forecast
from streamtalk.client.caller import Caller
from streamtalk.client.closing import Closing
from streamtalk.client.edge import EdgeLoop
from streamtalk.client.rundir import RunDir
from streamtalk.client.sink import Sink
from streamtalk.client.sockets import BoundedContext, open_publisher, open_subscriber
from streamtalk.orchestrator.splitter import Splitter
from streamtalk.proto.codec import decode_as, encode
from streamtalk.proto.errors import ConfigError, InputError, MessageError, StreamTalkError
from streamtalk.proto.frames import Speech
from streamtalk.proto.limits import MAX_NAME_CHARS
from streamtalk.proto.playback import Finish, Play
from streamtalk.proto.state import STATE_PERIOD_MS, SynthesisState
from streamtalk.proto.synthesis import Cancel, Speak, Spoken
from streamtalk.proto.topics import topic

_IN_FLIGHT: Final = 4
_SPEAK_S: Final = 600.0
"""Of one piece, those before it included; a voice that brings nothing is noticed long before."""

_GOODBYE_MS: Final = 50
_STALL_NS: Final = 10_000_000_000
_SPEECH: Final = msgspec.msgpack.Decoder(Speech)
_PROGRESS: Final = msgspec.msgpack.Decoder(SynthesisState)


@dataclass(frozen=True)
class Manner:
    """How a text is to be said."""

    language: str = "auto"
    voice: str = ""
    rate: float = 1.0

    def check(self) -> None:
        """Raise ConfigError for what no service would take."""
        for what, name in (("language", self.language), ("voice", self.voice)):
            if len(name) > MAX_NAME_CHARS or not name.isprintable():
                message = f"no {what} is called {name[:20]!r}…: see `streamtalk say --help`"
                raise ConfigError(message)


def pieces_of(text: str) -> list[str]:
    """The text in speakable pieces.

    Raises InputError where there is nothing to say, or what are no characters at all.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        message = f"character {error.start + 1} of the text is none: give the text as UTF-8"
        raise InputError(message) from error
    splitter = Splitter()
    found = [piece.text for piece in (*splitter.feed(text), *splitter.flush())]
    if not found:
        message = "there is nothing to say in that text"
        raise InputError(message)
    return found


class SpokenText(Closing):
    """A session without a conversation. One thread; call `serve`, then `pull`, until `ended`."""

    def __init__(self, run_dir: RunDir, endpoint: str, pieces: list[str], manner: Manner) -> None:
        self._endpoint, self._pieces, self._manner = endpoint, pieces, manner
        self._session = f"say-{secrets.token_hex(4)}"
        self._answer = f"answer-{secrets.token_hex(4)}"
        self._next = 0
        self.forecast = Forecast(pieces, manner.rate)
        """How far the voice is, and how long all of it will be."""

        self._failure: StreamTalkError | None = None
        self._state_ns = 0
        self._told = b""
        self._context: zmq.Context[Any] = BoundedContext()
        self._loop = EdgeLoop()
        self._caller = Caller(self._context, self._loop)
        self._publisher = open_publisher(self._context, run_dir)
        self._speech = topic("audio", "speech", self._session)
        self._progress = topic("state", "synthesis", self._session)
        self._subscriber = open_subscriber(self._context, run_dir, self._speech, self._progress)
        self._loop.add(self._subscriber, self._hear)
        self._sink = Sink()
        self._sink.obey(Play(session=self._session, term=1, answer=self._answer), 0)
        finish = Finish(session=self._session, term=1, answer=self._answer, pieces=len(pieces))
        self._sink.obey(finish, 0)
        self._made_s = 0.0
        self._starved_ns = 0

    @property
    def ended(self) -> bool:
        """Whether all of it has been pulled."""
        return self._sink.playing is None

    def pull(self) -> bytes | None:
        """The next 20 ms, 24 kHz s16le; None when they are not there."""
        frame = self._sink.pull(0)
        if frame is not None:
            self._starved_ns = 0
        elif not self._starved_ns:
            self._starved_ns = time.monotonic_ns()
        return frame

    def serve(self, timeout_ms: float) -> None:
        """Handle what comes; raises what went wrong at the voice."""
        self._ask()
        self._publish_state()
        self._loop.poll(timeout_ms)
        now_ns = time.monotonic_ns()
        self._caller.tick(now_ns)
        if self._failure is not None:
            raise self._failure
        if self._made_s < self.forecast.made_s:
            self._made_s, self._starved_ns = self.forecast.made_s, 0
        if self._starved_ns and now_ns - self._starved_ns > _STALL_NS and not self.ended:
            message = "no speech has come for 10 s: see `streamtalk status` and the log of tts"
            raise StreamTalkError(message)

    def close(self) -> None:
        """Tell the voice that it may forget the text, and close every socket."""
        self._publish_state()
        request = Cancel(session=self._session, answer=self._answer)
        self._caller.call(self._endpoint, request, 1.0, lambda _: None, lambda _: None)
        self._loop.poll(_GOODBYE_MS)
        self._loop.remove(self._subscriber)
        self._caller.close()
        self._publisher.close(linger=_GOODBYE_MS)
        self._context.destroy(linger=0)

    def _ask(self) -> None:
        """Order the next pieces, a few ahead of what is heard: all of a book is not kept."""
        playing = self._sink.playing
        while (
            playing is not None
            and self._next < len(self._pieces)
            and self._next - playing.piece < _IN_FLIGHT
        ):
            request = Speak(
                session=self._session,
                answer=self._answer,
                piece=self._next,
                text=self._pieces[self._next],
                language=self._manner.language,
                voice=self._manner.voice,
                rate=self._manner.rate,
                progress=True,
            )
            self._caller.call(self._endpoint, request, _SPEAK_S, self._made, self._fail)
            self._next += 1

    def _made(self, spoken: Spoken) -> None:
        self.forecast.answered(spoken.total_samples)

    def _fail(self, error: StreamTalkError) -> None:
        self._failure = error

    def _publish_state(self) -> None:
        """At once when the sink wants more than it said, else every 100 ms."""
        raw, now_ns = encode(self._sink.state(0)), time.monotonic_ns()
        if raw != self._told or now_ns >= self._state_ns:
            self._told, self._state_ns = raw, now_ns + STATE_PERIOD_MS * 1_000_000
            name = topic("state", "playback", self._session)
            self._publisher.send_multipart([name, raw, b""])

    def _hear(self, parts: list[bytes]) -> None:
        if len(parts) != 3:  # noqa: PLR2004 — topic, header, payload
            return
        try:
            if parts[0] == self._progress:
                self.forecast.hear(decode_as(_PROGRESS, parts[1]))
            else:
                self._sink.accept(decode_as(_SPEECH, parts[1]), parts[2])
        except MessageError:
            return
