"""The world of one conversation: its calls, its history, its voice."""

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from streamtalk.orchestrator.answer import TONE_SAMPLES
from streamtalk.orchestrator.assistant.grammar import grammar
from streamtalk.orchestrator.calls import Patience
from streamtalk.orchestrator.context import PastTurn
from streamtalk.orchestrator.exchange import Exchange
from streamtalk.orchestrator.history import History, TurnRow
from streamtalk.orchestrator.kept import KEPT_ANSWER, KeptAnswer
from streamtalk.orchestrator.memory import Memory
from streamtalk.orchestrator.ports import Failed, Reply, ReplyEvents
from streamtalk.orchestrator.tone import tone
from streamtalk.orchestrator.waiting import transcript_patience
from streamtalk.proto.attachment import Attach, Detach
from streamtalk.proto.audio import MIC_RATE_HZ
from streamtalk.proto.endpointing import Predict, Prediction
from streamtalk.proto.errors import StreamTalkError
from streamtalk.proto.frames import Speech
from streamtalk.proto.playback import SinkRequest
from streamtalk.proto.recognition import Transcribe, Transcript
from streamtalk.proto.state import SessionState
from streamtalk.proto.synthesis import Cancel, Speak, Spoken
from streamtalk.proto.topics import topic

if TYPE_CHECKING:
    from streamtalk.orchestrator.service import OrchestratorService

T = TypeVar("T")
_SINK_S: Final = 2.0
_PREDICT: Final = Patience(budget_s=0.2, attempt_s=0.6, whole_s=0.6)
"""Without a prediction the turn is committed by silence alone, so there is no use in waiting."""

_PARTIAL_S: Final = 5.0
_ATTACH_S: Final = 1.0


class SessionPorts:
    """Implements `Ports` for one session, on the orchestrator's thread."""

    def __init__(
        self, owner: "OrchestratorService", session: str, term: int, memory: Memory
    ) -> None:
        self._owner = owner
        self._session = session
        self._term = term
        self._log: logging.Logger = owner.log
        self.memory = memory
        self._voice = ""
        self._left = ("", "")
        """The voice that was left last, and why, until another one has taken over."""

    def transcribe(
        self, request: Transcribe, done: Callable[[Transcript], None], failed: Failed
    ) -> None:
        """Recognise; a final is tried again elsewhere, a partial is not worth it."""
        calls = self._owner.calls
        if not request.final:
            self._transcribe_partial(request, done, failed)
            return
        audio_s = (request.to_sample - request.from_sample) / MIC_RATE_HZ
        patience = transcript_patience(
            self._owner.config,
            self._owner.addresses.instances("asr"),
            audio_s,
            long_away=self.is_long_away("asr"),
        )
        calls.until("asr", request, patience, done, failed, self._owner.recognisers)

    def _transcribe_partial(
        self, request: Transcribe, done: Callable[[Transcript], None], failed: Failed
    ) -> None:
        """Recognise once; its failure tells of the engine, its success little."""
        asked = ""

        def erred(error: StreamTalkError) -> None:
            """Nobody waits for it."""
            if asked:
                self._owner.recognisers.erred(asked, error)
            failed(error)

        asked = self._owner.calls.once("asr", request, _PARTIAL_S, done, erred)

    def predict(self, request: Predict, done: Callable[[Prediction], None], failed: Failed) -> None:
        """Judge the end of a turn."""
        done, failed = self._waking(done), self._waking(failed)
        self._owner.calls.until("turn", request, _PREDICT, done, failed)

    def _waking(self, function: Callable[[T], None]) -> Callable[[T], None]:
        """Look at the sessions after it: the silence that ends the turn may be over sooner now."""

        def run(result: T) -> None:
            function(result)
            self._owner.wake_at(1)

        return run

    def speak(
        self, request: Speak, voice: str, done: Callable[[Spoken], None], failed: Failed
    ) -> str:
        """Have a piece spoken."""
        deadline_s = 10.0 + 0.2 * len(request.text)
        endpoint = self._owner.calls.once("tts", request, deadline_s, done, failed, voice)
        self._voice = endpoint or self._voice
        if endpoint and self._left[0]:
            self._tell_hand_over(request, endpoint)
        return endpoint

    def _tell_hand_over(self, request: Speak, endpoint: str) -> None:
        """The one line of a hand-over."""
        (left, reason), self._left = self._left, ("", "")
        slots = [i.slot if i else "" for i in map(self._owner.voices.instance, (left, endpoint))]
        fields = {
            "session": self._session,
            "answer": request.answer,
            "piece": request.piece,
            "attempt": request.attempt,
            "from_slot": slots[0],
            "to_slot": slots[1],
            "reason": reason,
        }
        self._log.warning("hand-over", extra={"fields": fields})

    def another_voice(self, endpoint: str) -> bool:
        """Whether another voice is ready that has not failed."""
        other = self._owner.calls.other("tts", (endpoint,))
        return other is not None and not self._owner.voices.avoids(other)

    def allowed_ms(self, endpoint: str) -> float:
        """By its budget, or by what it took before."""
        return self._owner.voices.allowed_ms(endpoint)

    def learn_pace(self, endpoint: str, first_audio_ms: float) -> None:
        """Remember it for every session."""
        self._owner.voices.spoke(endpoint, first_audio_ms)

    def leave_voice(self, endpoint: str, reason: str) -> None:
        """Every session hears of it; the log when another voice has taken over."""
        self._left = (endpoint, reason)
        self._owner.voices.left(endpoint, reason)

    def sound_tone(self, answer: str, piece: int, attempt: int) -> None:
        """The orchestrator's only audio."""
        pcm = tone()
        header = Speech(
            answer=answer, piece=piece, sample=0, attempt=attempt, total_samples=TONE_SAMPLES
        )
        self._owner.publish(topic("audio", "speech", self._session), header, pcm)

    def is_long_away(self, stage: str) -> bool:
        """By the directory."""
        return self._owner.absences.is_long(stage, time.monotonic_ns())

    def cancel_speech(self, session: str, answer: str, voices: set[str]) -> None:
        """Let the voices forget an answer."""
        request = Cancel(session=session, answer=answer)
        for endpoint in voices - {"?"}:
            self._owner.caller.call(endpoint, request, _SINK_S, _ignore, _ignore)

    def sink(
        self, endpoint: str, request: SinkRequest, done: Callable[[Any], None], failed: Failed
    ) -> None:
        """Tell the sink."""
        self._owner.caller.call(endpoint, request, _SINK_S, done, failed)

    def attach(
        self, request: Attach, endpoint: str, done: Callable[[Any], None], failed: Failed
    ) -> str:
        """Have the microphone followed."""
        calls = self._owner.calls
        if not endpoint:
            return calls.once("vad", request, _ATTACH_S, done, failed)
        calls.ask(endpoint, request, _ATTACH_S, done, failed)
        return endpoint

    def detach(self, session: str, lease: str, endpoint: str) -> None:
        """No longer have it followed."""
        request = Detach(session=session, lease=lease)
        self._owner.caller.call(endpoint, request, _SINK_S, _ignore, _ignore)

    def in_use(self, endpoint: str) -> bool:
        """Whether callers are still to use the `vad` instance."""
        return any(i.endpoint == endpoint for i in self._owner.addresses.instances("vad"))

    def suspect(self, endpoint: str) -> None:
        """The instance is late."""
        self._owner.calls.suspect(endpoint)

    def grammar(self) -> str:
        """The assistant's grammar while it answers; engines that listen with none ignore it."""
        return grammar(self.memory.last_intent) if self._owner.models.engine is None else ""

    def think(self, session: str, exchange: Exchange, events: ReplyEvents) -> Reply:
        """Begin to think of an answer."""
        return self._owner.mind.think(session, self.memory, exchange, events)

    def record(self, exchange: Exchange) -> None:
        """Write the turn to the history."""
        self._owner.write(History.save_turn, self._term, turn_row(self._session, exchange))

    def keep_answer(self, exchange: Exchange) -> None:
        """Write down the pieces of the running answer."""
        answer = exchange.answer
        if answer is None:
            return
        kept = KeptAnswer(
            turn=exchange.number,
            answer=answer.answer,
            prefix=exchange.prefix,
            pieces=answer.pieces,
            text=answer.text,
            complete=answer.text_complete,
        )
        text = msgspec.json.encode(kept).decode()
        self._owner.write(History.set_setting, self._session, self._term, KEPT_ANSWER, text)

    def forget(self, exchange: Exchange) -> None:
        """Take a turn that was none out of the history."""
        self._owner.write(History.drop_turn, self._session, self._term, exchange.number)

    def publish(self, session: str, state: SessionState) -> None:
        """Publish the session's state."""
        away = self._owner.absences.notice(time.monotonic_ns())
        speaking = self._voice if state.phase == "speaking" else ""
        told = away or self._owner.voices.notice(speaking) or self._owner.recognisers.notice()
        full = msgspec.structs.replace(state, engines=self._owner.engines(), notice=told)
        self._owner.publish(topic("state", "session", session), full)

    def after(self, delay_ns: int, function: Callable[[], None]) -> None:
        """Run `function` later."""
        self._owner.timers.after(delay_ns, function)

    def voice_settings(self) -> tuple[float, float]:
        """(rate, volume) that the person chose."""
        return self.memory.rate, self.memory.volume

    def superseded(self) -> None:
        """Drop the session, after the call that found out has returned."""
        self._owner.timers.after(0, lambda: self._owner.drop_session(self._session, self._term))

    def finished(self, exchange: Exchange) -> None:
        """Log the turn's one line, and remember it."""
        past = PastTurn(
            user_text=exchange.user_text,
            heard_text=exchange.heard_text,
            interrupted=exchange.interrupted,
        )
        self.memory.remember(past, exchange.reply_text, exchange.intent)
        fields = {
            "session": self._session,
            "turn": exchange.number,
            "user_chars": len(exchange.user_text),
            "reply_chars": len(exchange.reply_text),
            "heard_chars": len(exchange.heard_text),
            "interrupted": exchange.interrupted,
            "error": exchange.error,
            "voice_to_voice_ms": exchange.voice_to_voice_ms,
            "stages_ms": exchange.stages_ms,
        }
        self._log.info("turn", extra={"fields": fields})


def turn_row(session: str, exchange: Exchange) -> TurnRow:
    """The exchange as history keeps it."""
    key = exchange.key
    return TurnRow(
        session=session,
        turn=exchange.number,
        state=exchange.state,
        user_text=exchange.user_text,
        reply_text=exchange.reply_text,
        heard_text=exchange.heard_text,
        interrupted=exchange.interrupted,
        error=exchange.error,
        stream=key.stream if key else exchange.stream,
        from_sample=key.start if key else 0,
        to_sample=key.end if key else 0,
        stages_ms=dict(exchange.stages_ms),
    )


def _ignore(_: object) -> None:
    """The result changes nothing."""
