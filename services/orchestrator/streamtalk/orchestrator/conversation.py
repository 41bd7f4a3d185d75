"""One session: who speaks, what is answered, and what happens when they speak at once.

The thinking about audio is in `hearing.py` and `answer.py`; here they meet. One thread.
"""

from collections.abc import Callable
from typing import Final

from streamtalk.orchestrator.asking import predict_request, transcribe_request
from streamtalk.orchestrator.attachment import Attachment
from streamtalk.orchestrator.exchange import Exchange
from streamtalk.orchestrator.heard import Place, heard_chars
from streamtalk.orchestrator.hearing import (
    Action,
    AskPrediction,
    AskTranscript,
    Began,
    Committed,
    Dropped,
    Hearing,
    Range,
    StreamLost,
    Unheard,
)
from streamtalk.orchestrator.history import TurnRow
from streamtalk.orchestrator.kept import KeptAnswer
from streamtalk.orchestrator.notices import notice
from streamtalk.orchestrator.overlap import judge_overlap
from streamtalk.orchestrator.ports import Ports
from streamtalk.orchestrator.settings import Settings
from streamtalk.orchestrator.speaking import Speaking, Stage
from streamtalk.orchestrator.turn_list import TurnList
from streamtalk.orchestrator.view import session_state, turns_report
from streamtalk.proto.conversation import OpenSession, Turns
from streamtalk.proto.errors import LanguageError, StreamTalkError
from streamtalk.proto.playback import Stop, Stopped
from streamtalk.proto.recognition import Transcript
from streamtalk.proto.state import Phase, PlaybackState, VadState

LEASE_NS: Final = 15_000_000_000
"""A session whose edge is not heard for this long is closed: more than a restart takes."""

_STATE_NS: Final = 500_000_000


class Conversation:
    """The turns of one opened session."""

    def __init__(
        self,
        request: OpenSession,
        term: int,
        ports: Ports,
        settings: Settings,
        clock_ns: Callable[[], int],
        first_turn: int,
    ) -> None:
        self.request = request
        self.term = term
        self.language = request.language
        self._ports = ports
        self._settings = settings
        self._clock_ns = clock_ns
        self.hearing = Hearing(settings.hearing)
        self.turns = TurnList(first_turn)
        self.heard: Exchange | None = None
        """The turn that the person is speaking in."""

        self.speaking: Speaking | None = None
        self.partial = ""
        self.attachment = Attachment(ports, clock_ns)
        self._state_ns = 0
        self._queue: list[str] = []
        self._refused_language = False
        self._taking_up = False
        self.renewed_ns = clock_ns()

    # From the edge.

    def renew(self, request: OpenSession) -> None:
        """The edge is alive; it may have a new microphone stream or a new sink."""
        moved = request.sink != self.request.sink
        if request.stream != self.request.stream:
            self.attachment.drop()
        self.request = request
        self.renewed_ns = self._clock_ns()
        if moved and self.speaking is not None:
            self._speak_on()

    def take_up(self, consumed: int, row: TurnRow | None, kept: KeptAnswer | None) -> None:
        """Go on where an earlier owner of the session was ended."""
        self.hearing.stream, self.hearing.consumed = self.request.stream, consumed
        if row is None:
            return
        exchange = Exchange(row.turn, user_text=row.user_text, committed_ns=self._clock_ns())
        if row.stream == self.request.stream:
            exchange.key = Range(row.stream, row.from_sample, row.to_sample)
        if row.state == "hearing" and row.stream not in ("", self.request.stream):
            self.heard = exchange
            self.turns.append(exchange)
            self._apologise("microphone_lost", "microphone_lost")
            return
        if row.state == "hearing" or not (row.user_text or row.reply_text):
            # The VAD will tell of that speech again.
            self.turns.use_again(row.turn)
            self._ports.forget(exchange)
            return
        self.turns.append(exchange)
        if kept is None or kept.turn != row.turn or not (kept.text or row.reply_text):
            self._answer(exchange)
            return
        exchange.prefix, exchange.state = kept.prefix, "thinking"
        self._taking_up = True
        reply = kept.text or row.reply_text.removeprefix(kept.prefix)
        take_up = self._go_on if kept.complete else self._think_on

        def done(stopped: Stopped) -> None:
            place = Place(stopped.piece, stopped.sample)
            heard = len(reply) if stopped.ended else heard_chars(kept.pieces, place)
            take_up(exchange, reply, heard)

        request = Stop(session=self.request.session, term=self.term, answer=kept.answer)
        self._ports.sink(self.request.sink, request, done, lambda _: take_up(exchange, reply, 0))

    def on_vad(self, state: VadState) -> None:
        """The VAD's state of this session."""
        now_ns = self._clock_ns()
        if not self.attachment.hear(state, self.hearing, now_ns):
            return
        self._perform(self.hearing.on_state(state, now_ns))
        self._judge_overlap(now_ns)

    def on_playback(self, state: PlaybackState) -> None:
        """The sink's state."""
        if self.speaking is not None:
            phase = self.phase
            self.speaking.on_playback(state)
            if self.phase != phase:
                self._state_ns = 0

    # From the services.

    def look(self) -> None:
        """The directory has changed."""
        self.attachment.look()

    def lose(self, endpoint: str) -> None:
        """An instance is gone."""
        self.attachment.lose(endpoint)
        if self.speaking is not None:
            self.speaking.lose_voice(endpoint)

    def say(self, text: str) -> None:
        """Speak up without being asked, as soon as nobody speaks."""
        self._queue.append(text)
        self._say_queued()

    def typed(self, text: str) -> None:
        """The person typed instead of speaking."""
        exchange = self.turns.begin(self._clock_ns())
        exchange.user_text = text
        exchange.state = "thinking"
        self._answer(exchange)

    def tick(self) -> int:
        """Do what is due; returns when to come again."""
        now_ns = self._clock_ns()
        self._perform(self.hearing.tick(now_ns))
        attach_ns = self.attachment.tick(self.request, self.hearing, now_ns)
        if now_ns >= self._state_ns:
            self._publish(now_ns)
        dues = [attach_ns, self._state_ns, self.hearing.due_ns() or self._state_ns]
        return min(dues)

    @property
    def expired(self) -> bool:
        """Whether the edge has not been heard for too long."""
        return self._clock_ns() - self.renewed_ns > LEASE_NS

    def close(self, *, wanted: bool = False) -> None:
        """End; the history stays. An end that nobody wanted is apologised for later."""
        if wanted and self.heard is not None:
            self._ports.forget(self.heard)
        if self.speaking is not None:
            self.speaking.abandon()
            self.speaking.exchange.state = "done"
            self._ports.record(self.speaking.exchange)
        self.attachment.detach(self.request.session)

    # For views.

    @property
    def phase(self) -> Phase:
        """`listening`, `hearing`, `thinking`, `speaking` or `waiting`."""
        if self.hearing.utterance is not None and self.hearing.utterance.speaking:
            return "hearing"
        if self.speaking is not None:
            return "speaking" if self.speaking.exchange.state == "speaking" else "thinking"
        if not self.attachment.held:
            return "waiting"
        return "listening" if self.hearing.utterance is None else "hearing"

    @property
    def idle(self) -> bool:
        """Whether nothing is heard, thought or said."""
        return self._silent and not self._queue

    def report(self, engines: dict[str, str]) -> Turns:
        """The turns of this opening."""
        return turns_report(self.turns, self.attachment, engines, idle=self.idle)

    # Inside.

    def _perform(self, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, Began):
                self._began(action.start)
            elif isinstance(action, AskTranscript):
                self._ask_transcript(action)
            elif isinstance(action, AskPrediction):
                self._ask_prediction(action)
            elif isinstance(action, Committed):
                self._committed(action)
            elif isinstance(action, Dropped):
                self._dropped()
            elif isinstance(action, Unheard):
                self._unheard(action.error)
            elif isinstance(action, StreamLost):
                self._apologise("microphone_lost", "microphone_lost")

    def _began(self, start: int) -> None:
        self.heard = self.turns.begin(self._clock_ns())
        self.heard.speech_start, self.heard.stream = start, self.hearing.stream
        self.partial = ""
        self._state_ns = 0
        self._ports.record(self.heard)

    def _ask_transcript(self, action: AskTranscript) -> None:
        request = transcribe_request(self.request, action, self._ports.grammar())
        if not action.final:
            self._ports.transcribe(request, self._on_partial, lambda _: self._on_partial(None))
            return

        def done(transcript: Transcript) -> None:
            self._perform(self.hearing.on_transcript(action.key, transcript, self._clock_ns()))

        def failed(error: StreamTalkError) -> None:
            self._perform(self.hearing.on_transcript_failed(action.key, error))

        self._ports.transcribe(request, done, failed)

    def _on_partial(self, transcript: Transcript | None) -> None:
        self.hearing.on_partial(self._clock_ns(), transcript.text if transcript else None)
        if transcript is not None and transcript.text and transcript.text != self.partial:
            self.partial = transcript.text
            self._state_ns = 0

    def _ask_prediction(self, action: AskPrediction) -> None:
        self._ports.predict(
            predict_request(self.request, action),
            lambda p: self._perform(self.hearing.on_prediction(action.key, p, self._clock_ns())),
            lambda _: self._perform(self.hearing.on_prediction(action.key, None, self._clock_ns())),
        )

    def _committed(self, action: Committed) -> None:
        exchange = self.heard or self.turns.begin(self._clock_ns())
        self.heard = None
        exchange.on_committed(action.key, action.transcript, action.marks_ns)
        self._answer(exchange)

    def _dropped(self) -> None:
        exchange, self.heard = self.heard, None
        if exchange is not None:
            self._forget(exchange)
        self._state_ns = 0
        self._say_queued()

    def _unheard(self, error: StreamTalkError) -> None:
        if isinstance(error, LanguageError):
            if self._refused_language:
                self._dropped()
                return
            self._refused_language = True
            self._apologise(error.code, "language")
        else:
            self._apologise(error.code, "unheard")

    def _apologise(self, code: str, sentence: str) -> None:
        exchange, self.heard = self.heard or self.turns.begin(self._clock_ns()), None
        exchange.error = code
        exchange.state = "thinking"
        self._start(exchange).say(notice(sentence, self.language), self._clock_ns)

    def _judge_overlap(self, now_ns: int) -> None:
        """Someone speaks while it answers: it may go on with the turn, or cut in."""
        speaking, utterance = self.speaking, self.hearing.utterance
        if speaking is None or utterance is None or not utterance.speaking:
            return
        spoken_samples = self.attachment.judged - utterance.start
        decision = judge_overlap(self._settings.conversation, speaking, spoken_samples, now_ns)
        if decision == "merge":
            self._merge(speaking)
        elif decision == "interrupt":
            speaking.stop(interrupted=True)

    def _merge(self, speaking: Speaking) -> None:
        """Withdraw an answer that came too early: what is said now continues its turn."""
        exchange = speaking.exchange
        if exchange.key is None:
            return
        self.hearing.withdraw(exchange.key)
        # What the sink tells of the withdrawn answer belongs to no turn.
        speaking.exchange = Exchange(exchange.number)
        speaking.stop(interrupted=True)
        later, self.heard = self.heard, exchange
        if later is not None and later is not exchange:
            self._forget(later)
        exchange.state, exchange.prefix, exchange.answer, exchange.key = "hearing", "", None, None
        exchange.stages_ms.clear()
        self.speaking = None

    def _answer(self, exchange: Exchange) -> None:
        self.partial = ""
        self._start(exchange).think(self._clock_ns)
        self._ports.record(exchange)

    def _start(self, exchange: Exchange) -> Speaking:
        def done() -> None:
            self._finished(speaking)

        stage = Stage(self.request.session, self.term, self.request.sink, self.language)
        speaking = Speaking(self._ports, stage, exchange, self._settings.splitter, done)
        before, self.speaking = self.speaking, speaking
        if before is not None:
            before.stop(interrupted=True)
        self._state_ns = 0
        return speaking

    def _finished(self, speaking: Speaking) -> None:
        if self.speaking is speaking:
            self.speaking = None
        if speaking.exchange.answer is speaking.answer:
            self._write_down(speaking.exchange)
        self._state_ns = 0
        self._say_queued()

    def _write_down(self, exchange: Exchange) -> None:
        self._ports.record(exchange)
        self._ports.finished(exchange)
        exchange.release()

    def _speak_on(self) -> None:
        """The sink was lost in mid-answer: say the rest at the new one."""
        old = self.speaking
        if old is None or old.ending:
            return
        old.leave()
        self._go_on(old.exchange, old.answer.text, old.answer.heard_chars, old)

    def _think_on(self, exchange: Exchange, text: str, said: int) -> None:
        """Ask again for a reply of which only a part was written; so much of it was heard."""
        self._taking_up = False
        exchange.prefix += text[:said]
        self._answer(exchange)

    def _go_on(self, exchange: Exchange, text: str, said: int, old: Speaking | None = None) -> None:
        """Say the part of a reply that was not heard yet: what stands behind `said` characters."""
        self._taking_up = False
        exchange.prefix += text[:said]
        rest = text[said:]
        exchange.answer, exchange.state = None, "thinking"
        if rest.strip() or (old is not None and old.thinking):
            self._start(exchange).say(rest, self._clock_ns, old)
        else:
            exchange.heard_text, exchange.state = exchange.prefix, "done"
            self.speaking = None
            self._write_down(exchange)
            self._say_queued()

    @property
    def _silent(self) -> bool:
        """Whether nobody speaks, nor is about to go on with an earlier owner's answer."""
        return self.speaking is None and self.hearing.utterance is None and not self._taking_up

    def _say_queued(self) -> None:
        if self._queue and self._silent:
            exchange = self.turns.begin(self._clock_ns())
            exchange.state = "thinking"
            self._start(exchange).say(self._queue.pop(0), self._clock_ns)

    def _forget(self, exchange: Exchange) -> None:
        self.turns.forget(exchange)
        self._ports.forget(exchange)

    def _publish(self, now_ns: int) -> None:
        self._state_ns = now_ns + _STATE_NS
        shown = self.heard or (self.speaking.exchange if self.speaking else None)
        state = session_state(self.turns, shown, self.phase, self.partial)
        self._ports.publish(self.request.session, state)
