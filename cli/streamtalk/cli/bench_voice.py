"""A listener of one `tts` instance that notes when each thing came; for benchmarks."""

import itertools
import time
from dataclasses import dataclass, field
from typing import Final, cast

import zmq

from streamtalk.cli.reach import Reach
from streamtalk.client.closing import Closing
from streamtalk.client.sockets import open_socket, open_subscriber, receive_parts, send_parts
from streamtalk.proto.audio import SPEECH_RATE_HZ
from streamtalk.proto.codec import decode, encode
from streamtalk.proto.errors import CallError, error_from_code
from streamtalk.proto.frames import Speech
from streamtalk.proto.message import Message, Ok, Refusal, Request
from streamtalk.proto.synthesis import Cancel, Speak, Spoken
from streamtalk.proto.topics import topic

_SESSION: Final = "bench"
_PLENTY: Final = 1 << 40
_LOST_MS: Final = 60_000
_QUIET_MS: Final = 150
"""So long without a frame, after a cancel that was answered: no more come."""

_CANCEL: Final = "cancel"
_TRIES: Final = 100


@dataclass
class _Order:
    """What came of one answer; times in nanoseconds."""

    answer: str
    frames_ns: list[int] = field(default_factory=list)
    whole: bool = False
    reply: Message | None = None


@dataclass(frozen=True)
class Said:
    """One piece that was said to its end."""

    first_ms: float
    """From the request to its first frame at a listener, the bus between them."""

    inside_ms: float
    """The part of the service: from the arrival of the request to the engine's first sound."""

    compute_ms: float
    length_s: float

    @classmethod
    def of(cls, order: _Order, sent_ns: int) -> "Said":
        """Read it off what came."""
        spoken = cast("Spoken", order.reply)
        return cls(
            first_ms=(order.frames_ns[0] - sent_ns) / 1e6,
            inside_ms=spoken.first_audio_ms,
            compute_ms=spoken.compute_ms,
            length_s=spoken.total_samples / SPEECH_RATE_HZ,
        )


class BenchVoice(Closing):
    """Orders pieces with credit for all of each. One thread, one order at a time."""

    def __init__(self, reach: Reach, endpoint: str) -> None:
        self._numbers = itertools.count()
        self._orders: dict[str, _Order] = {}
        self._acknowledged = 0
        self._speech = open_subscriber(
            reach.context, reach.run_dir, topic("audio", "speech", _SESSION)
        )
        self._calls = open_socket(reach.context, zmq.DEALER)
        self._calls.connect(endpoint)
        self._poller = zmq.Poller()
        for socket in (self._speech, self._calls):
            self._poller.register(socket, zmq.POLLIN)

    def close(self) -> None:
        """Close both sockets."""
        self._speech.close()
        self._calls.close()

    def join(self) -> None:
        """Return when what the voice publishes arrives; raises CallError when it never does."""
        for _ in range(_TRIES):
            order = self._order("…", "en")
            while self._receive(_LOST_MS if order.reply is None else _QUIET_MS):
                if order.whole and order.reply is not None:
                    return
        raise CallError("no speech came through the bus: see the log of tts and bus")

    def say(self, text: str, language: str) -> Said:
        """Say a piece and hear all of it; raises what the voice refused it for."""
        sent_ns = time.perf_counter_ns()
        order = self._order(text, language)
        while not (order.whole and order.reply is not None):
            self._need(order)
        self._cancel(order)
        return Said.of(order, sent_ns)

    def say_and_cancel(self, text: str, language: str, messages: int) -> float | None:
        """Cancel after so many messages; milliseconds until the last one came, 0: none did.

        None where the piece had been made before.
        """
        order = self._order(text, language)
        while len(order.frames_ns) < messages and not order.whole:
            self._need(order)
        sent_ns = time.perf_counter_ns()
        self._cancel(order)
        while self._receive(_QUIET_MS):
            pass
        if order.whole:
            return None
        return max(0.0, (order.frames_ns[-1] - sent_ns) / 1e6)

    def _need(self, order: "_Order") -> None:
        if isinstance(order.reply, Refusal):
            raise error_from_code(order.reply.code, order.reply.message)
        self._wait()

    def _wait(self) -> None:
        if not self._receive(_LOST_MS):
            raise CallError("nothing came from the voice for a minute: see the log of tts")

    def _order(self, text: str, language: str) -> "_Order":
        order = _Order(f"a{next(self._numbers)}")
        self._orders[order.answer] = order
        self._send(
            order.answer,
            Speak(
                session=_SESSION,
                answer=order.answer,
                piece=0,
                text=text,
                language=language,
                credit_samples=_PLENTY,
            ),
        )
        return order

    def _cancel(self, order: "_Order") -> None:
        """Have the answer forgotten; what comes of it meanwhile is still noted."""
        self._send(_CANCEL, Cancel(session=_SESSION, answer=order.answer))
        acknowledged = self._acknowledged
        while self._acknowledged == acknowledged:
            self._wait()

    def _send(self, name: str, request: Request) -> None:
        send_parts(self._calls, name.encode(), b"", encode(request))

    def _receive(self, timeout_ms: int) -> bool:
        """Take what is there, waiting for the first of it; false where nothing comes."""
        ready = self._poller.poll(timeout_ms)
        now_ns = time.perf_counter_ns()
        for socket, _ in ready:
            parts = receive_parts(socket)
            if socket is self._speech:
                self._on_speech(decode(parts[1]), now_ns)
            else:
                self._on_reply(parts[0].decode(), decode(parts[-1]))
        return bool(ready)

    def _on_speech(self, speech: Message, now_ns: int) -> None:
        order = self._orders.get(speech.answer) if isinstance(speech, Speech) else None
        if order is not None and isinstance(speech, Speech):
            order.frames_ns.append(now_ns)
            order.whole = speech.total_samples is not None

    def _on_reply(self, name: str, reply: Message) -> None:
        if name == _CANCEL:
            self._acknowledged += isinstance(reply, Ok)
        else:
            self._orders[name].reply = reply
