"""The ports of a conversation with a tape that hears every call and every result."""

from collections.abc import Callable
from typing import Any

import msgspec

from streamtalk.orchestrator.exchange import Exchange
from streamtalk.orchestrator.ports import Failed, Ports, Reply, ReplyEvents
from streamtalk.orchestrator.tape import Tape
from streamtalk.proto.attachment import Attach
from streamtalk.proto.endpointing import Predict, Prediction
from streamtalk.proto.errors import StreamTalkError
from streamtalk.proto.playback import SinkRequest
from streamtalk.proto.recognition import Transcribe, Transcript
from streamtalk.proto.state import SessionState
from streamtalk.proto.synthesis import Cancel, Speak, Spoken


class TracedReply:
    """Passes on what is thought, and tells the tape."""

    def __init__(self, tape: Tape, call: int, events: ReplyEvents) -> None:
        self._tape = tape
        self._call = call
        self._events = events

    def on_text(self, delta: str) -> None:
        """More of the text."""
        with self._tape.entry("text", call=self._call, text=delta):
            self._events.on_text(delta)

    def on_end(self) -> None:
        """The text is complete."""
        with self._tape.entry("end", call=self._call):
            self._events.on_end()

    def on_failed(self, error: StreamTalkError) -> None:
        """There will be no more text."""
        self._tape.failed(self._call, self._events.on_failed)(error)


class TracingPorts:
    """`Ports` that pass everything on to `ports`; each costs one `if` while the tape is off."""

    def __init__(self, ports: Ports, tape: Tape) -> None:
        self._ports = ports
        self._tape = tape

    def transcribe(
        self, request: Transcribe, done: Callable[[Transcript], None], failed: Failed
    ) -> None:
        """Recognise speech; the grammar is told once, not with every call."""
        if self._tape.on:
            call = self._tape.call("transcribe", msgspec.structs.replace(request, grammar=""))
            done, failed = self._tape.replied(call, done), self._tape.failed(call, failed)
        self._ports.transcribe(request, done, failed)

    def predict(self, request: Predict, done: Callable[[Prediction], None], failed: Failed) -> None:
        """Judge the end of a turn."""
        if self._tape.on:
            call = self._tape.call("predict", request)
            done, failed = self._tape.replied(call, done), self._tape.failed(call, failed)
        self._ports.predict(request, done, failed)

    def speak(
        self, request: Speak, voice: str, done: Callable[[Spoken], None], failed: Failed
    ) -> str:
        """Have a piece spoken."""
        if not self._tape.on:
            return self._ports.speak(request, voice, done, failed)
        call = self._tape.call("speak", request)
        done, failed = self._tape.replied(call, done), self._tape.failed(call, failed)
        endpoint = self._ports.speak(request, voice, done, failed)
        self._tape.note("asked", call=call, text=endpoint)
        return endpoint

    def cancel_speech(self, session: str, answer: str, voices: set[str]) -> None:
        """Let the voices forget an answer."""
        if self._tape.on:
            self._tape.call("cancel_speech", Cancel(session=session, answer=answer))
        self._ports.cancel_speech(session, answer, voices)

    def sink(
        self, endpoint: str, request: SinkRequest, done: Callable[[Any], None], failed: Failed
    ) -> None:
        """Tell the sink."""
        if self._tape.on:
            call = self._tape.call("sink", request)
            done, failed = self._tape.replied(call, done), self._tape.failed(call, failed)
        self._ports.sink(endpoint, request, done, failed)

    def another_voice(self, endpoint: str) -> bool:
        """Whether another voice is ready."""
        there = self._ports.another_voice(endpoint)
        return self._tape.answered("another_voice", endpoint, there)

    def allowed_ms(self, endpoint: str) -> float:
        """How long this voice may take."""
        return self._tape.answered("allowed_ms", endpoint, self._ports.allowed_ms(endpoint))

    def learn_pace(self, endpoint: str, first_audio_ms: float) -> None:
        """Note how long a voice took."""
        self._ports.learn_pace(endpoint, first_audio_ms)

    def leave_voice(self, endpoint: str, reason: str) -> None:
        """The voice failed in an answer."""
        self._ports.leave_voice(endpoint, reason)

    def sound_tone(self, answer: str, piece: int, attempt: int) -> None:
        """Send a tone in place of words."""
        self._ports.sound_tone(answer, piece, attempt)

    def is_long_away(self, stage: str) -> bool:
        """Whether there is no use in waiting for a stage."""
        return self._tape.answered("is_long_away", stage, self._ports.is_long_away(stage))

    def in_use(self, endpoint: str) -> bool:
        """Whether the `vad` instance is still to be used."""
        return self._tape.answered("in_use", endpoint, self._ports.in_use(endpoint))

    def suspect(self, endpoint: str) -> None:
        """The instance is late."""
        self._ports.suspect(endpoint)

    def attach(
        self, request: Attach, endpoint: str, done: Callable[[Any], None], failed: Failed
    ) -> str:
        """Have the microphone followed."""
        if not self._tape.on:
            return self._ports.attach(request, endpoint, done, failed)
        call = self._tape.call("attach", request)
        done, failed = self._tape.replied(call, done), self._tape.failed(call, failed)
        asked = self._ports.attach(request, endpoint, done, failed)
        self._tape.note("asked", call=call, text=asked)
        return asked

    def detach(self, session: str, lease: str, endpoint: str) -> None:
        """No longer have it followed."""
        self._ports.detach(session, lease, endpoint)

    def grammar(self) -> str:
        """The grammar to listen with."""
        return self._tape.answered("grammar", "", self._ports.grammar())

    def think(self, session: str, exchange: Exchange, events: ReplyEvents) -> Reply:
        """Begin to think of an answer."""
        if not self._tape.on:
            return self._ports.think(session, exchange, events)
        call = self._tape.call("think", exchange.report())
        reply = self._ports.think(session, exchange, TracedReply(self._tape, call, events))
        self._tape.note("asked", call=call, text=exchange.intent)
        return reply

    def record(self, exchange: Exchange) -> None:
        """Write the turn to the history."""
        self._tell("turn", exchange)
        self._ports.record(exchange)

    def keep_answer(self, exchange: Exchange) -> None:
        """Write down which audio belongs to which text."""
        self._ports.keep_answer(exchange)

    def forget(self, exchange: Exchange) -> None:
        """Take a turn that was none out of the history."""
        self._tell("forgot", exchange)
        self._ports.forget(exchange)

    def publish(self, session: str, state: SessionState) -> None:
        """Publish the session's state."""
        self._ports.publish(session, state)

    def after(self, delay_ns: int, function: Callable[[], None]) -> None:
        """Run `function` later."""
        if self._tape.on:
            call = self._tape.call("after")
            run = self._tape.replied(call, lambda _: function())
            self._ports.after(delay_ns, lambda: run(None))
            return
        self._ports.after(delay_ns, function)

    def voice_settings(self) -> tuple[float, float]:
        """(rate, volume) that the person chose."""
        return self._tape.answered("voice_settings", "", self._ports.voice_settings())

    def finished(self, exchange: Exchange) -> None:
        """A turn is over."""
        self._tell("turn", exchange)
        self._ports.finished(exchange)

    def superseded(self) -> None:
        """Another orchestrator owns the session."""
        self._ports.superseded()

    def _tell(self, what: str, exchange: Exchange) -> None:
        if self._tape.on:
            answer = exchange.answer.answer if exchange.answer else ""
            self._tape.note(what, exchange.report(), text=answer)
