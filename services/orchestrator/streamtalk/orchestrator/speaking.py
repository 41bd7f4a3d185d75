"""Brings one answer to the loudspeaker, and asks at its end what was heard."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from streamtalk.orchestrator.answer import (
    Answer,
    AnswerAction,
    FinishAnswer,
    RetakeAnswer,
    SoundTone,
    SpeakPiece,
)
from streamtalk.orchestrator.continuing import Continuing
from streamtalk.orchestrator.exchange import Exchange
from streamtalk.orchestrator.lateness import Lateness
from streamtalk.orchestrator.notices import notice
from streamtalk.orchestrator.ports import Ports, Reply
from streamtalk.orchestrator.splitter import Splitter, SplitterConfig
from streamtalk.proto.errors import RemoteError, StreamTalkError
from streamtalk.proto.playback import Finish, Play, Retake, Retaken, Stop, Stopped
from streamtalk.proto.state import PlaybackState
from streamtalk.proto.synthesis import Speak, Spoken

CREDIT_SAMPLES: Final = 24_000
"""What a voice may send of the first piece before the sink has stated anything: 1 s."""

_RETRY_NS: Final = 50_000_000
MAX_TRIES: Final = 200
"""Searches for a voice, 50 ms apart, before a tone stands for the rest of the answer: 10 s."""

HURRIED_TRIES: Final = 20
"""The same where no voice has been there for long: 1 s."""

_TONE_LIMIT_NS: Final = 5_000_000_000
"""A tone that was lost on its way does not keep the answer open."""


@dataclass(frozen=True)
class Stage:
    """Where an answer is played, and in whose name."""

    session: str
    term: int
    sink: str
    """Endpoint of the edge."""

    language: str


class Speaking:
    """One answer; `on_done` is called once, when the sink has told what was heard."""

    def __init__(
        self,
        ports: Ports,
        stage: Stage,
        exchange: Exchange,
        splitter: SplitterConfig,
        on_done: Callable[[], None],
    ) -> None:
        self._ports = ports
        self._session = stage.session
        self._term = stage.term
        self._sink = stage.sink
        self._language = stage.language
        self._on_done = on_done
        self._reply: Reply | None = None
        self._heir: Speaking | None = None
        self._tries = 0
        self._voice = ""
        self._lateness = Lateness()
        self._check_ns = 0
        self._ending = False
        self.closed = False
        self.last_state: PlaybackState | None = None
        self.exchange = exchange
        self.answer = Answer(secrets.token_hex(8), Splitter(splitter))
        exchange.answer = self.answer

    @property
    def thinking(self) -> bool:
        """Whether more of the reply is to come."""
        return self._reply is not None and not self.answer.text_complete

    @property
    def ending(self) -> bool:
        """Whether it was stopped already, and only the sink's answer is awaited."""
        return self._ending

    def think(self, now_ns: Callable[[], int]) -> None:
        """Have the answer thought, or the rest of one that broke off, and played as it comes."""
        self._now_ns = now_ns
        self._play()
        said = self.exchange.prefix
        events = Continuing(said, self) if said else self
        self._reply = self._ports.think(self._session, self.exchange, events)

    def say(self, text: str, now_ns: Callable[[], int], before: "Speaking | None" = None) -> None:
        """Speak a text that is there already, then what is still being thought of `before`."""
        self._now_ns = now_ns
        self._play()
        self.on_text(text)
        if before is None or not before.thinking:
            self.on_end()
        else:
            before._heir, self._reply = self, before._reply  # noqa: SLF001 — one of its kind

    # Events of the reply.

    def on_text(self, delta: str) -> None:
        """More of the reply."""
        if self._heir is not None:
            self._heir.on_text(delta)
        if self._ending or not delta:
            return
        self.exchange.on_first_text(self._now_ns())
        self._do(self.answer.add_text(delta))

    def on_end(self) -> None:
        """The reply is complete."""
        if self._heir is not None:
            self._heir.on_end()
        self._reply = None
        if not self._ending:
            self._ports.record(self.exchange)
            self._do(self.answer.end_text())

    def on_failed(self, error: StreamTalkError) -> None:
        """The reply broke off: say what there is, or that there is nothing."""
        if self._heir is not None:
            self._heir.on_failed(error)
        self._reply = None
        if self._ending:
            return
        self.exchange.error = error.code
        if not self.answer.text:
            self.on_text(notice("no_answer", self._language))
        self.on_end()

    # Events of the sink and the voices.

    def on_playback(self, state: PlaybackState) -> None:
        """The sink's state: go on making, and end when it has played everything."""
        self.last_state = state
        if state.playing == self.answer.answer and state.first_audible is not None:
            self.exchange.state = "speaking"
        if state.ended == self.answer.answer and not self._ending:
            self.stop(interrupted=False)
            return
        self._do(self.answer.on_playback(state))
        self._follow(state)

    def _follow(self, state: PlaybackState) -> None:
        """See whether the voice keeps up with the loudspeaker."""
        frontier = self.answer.frontier
        if self._ending or frontier is None or state.playing != self.answer.answer:
            return
        self._lateness.on_playback(state, frontier, self.answer.owed, self._now_ns())
        self._check_voice()

    def _check_voice(self) -> None:
        """Leave a voice that is late, where there is another one."""
        owed, now_ns = self.answer.owed, self._now_ns()
        due_ns = self._lateness.due_ns(owed)
        if self._ending or due_ns is None:
            return
        if due_ns > now_ns:
            if self._check_ns <= now_ns:
                self._check_ns = due_ns
                self._ports.after(due_ns - now_ns, self._check_voice)
        elif self._ports.another_voice(owed.voice):
            self._lateness.left(now_ns)
            self._ports.cancel_speech(self._session, self.answer.answer, {owed.voice})
            self.lose_voice(owed.voice, "stall" if owed.begun or owed.made else "first_audio")

    def lose_voice(self, endpoint: str, reason: str = "gone") -> None:
        """The voice at this endpoint fails, or is gone: what it owes is asked of another one."""
        if endpoint == self._voice:
            self._voice = ""
        actions = [] if self._ending else self.answer.lose_voice(endpoint)
        if actions:
            self._ports.leave_voice(endpoint, reason)
            self._do(actions)

    def stop(self, *, interrupted: bool) -> None:
        """End the answer where it is, and ask the sink how far it came."""
        if self._ending:
            return
        self._ending = True
        self.exchange.interrupted = interrupted
        if self._reply is not None:
            self._reply.cancel()
        self._ports.cancel_speech(self._session, self.answer.answer, self.answer.voices)
        request = Stop(session=self._session, term=self._term, answer=self.answer.answer)
        self._ports.sink(self._sink, request, self._on_stopped, self._on_stop_failed)

    def leave(self) -> None:
        """The sink is gone, and with it what it held: the voices need not keep it."""
        self._ending = self.closed = True
        self._ports.cancel_speech(self._session, self.answer.answer, self.answer.voices)

    def abandon(self) -> None:
        """The session ends: nothing more is asked of anyone."""
        self._ending = self.closed = True
        if self._reply is not None:
            self._reply.cancel()
        self._ports.cancel_speech(self._session, self.answer.answer, self.answer.voices)

    def _on_stopped(self, stopped: Stopped) -> None:
        self.exchange.on_stopped(stopped)
        self._close()

    def _on_stop_failed(self, error: StreamTalkError) -> None:
        """The sink is gone: what its last state said is all that can be known."""
        self.exchange.error = self.exchange.error or error.code
        state = self.last_state
        if state is not None and state.playing == self.answer.answer:
            self.exchange.on_stopped(
                Stopped(
                    answer=self.answer.answer,
                    piece=state.piece,
                    sample=state.sample,
                    ended=False,
                    mic_sample=state.mic_sample,
                    first_audible=state.first_audible,
                )
            )
        self._close()

    def _close(self) -> None:
        if not self.closed:
            self.closed = True
            self.exchange.state = "done"
            self._on_done()

    def _play(self) -> None:
        request = Play(session=self._session, term=self._term, answer=self.answer.answer)
        self._ports.sink(self._sink, request, lambda _: None, self._on_sink_failed)

    def _on_sink_failed(self, error: StreamTalkError) -> None:
        if error.code == "session":
            # Another owner has the session: this one is silent from now on.
            self.abandon()
            self._ports.superseded()

    def _do(self, actions: list[AnswerAction]) -> None:
        for action in actions:
            if self._ending:
                return
            if isinstance(action, SpeakPiece):
                self._speak(action)
            elif isinstance(action, RetakeAnswer):
                self._retake(action)
            elif isinstance(action, FinishAnswer):
                self._finish(action)
            elif isinstance(action, SoundTone):
                self._ports.sound_tone(self.answer.answer, action.number, action.attempt)
                self._ports.after(_TONE_LIMIT_NS, lambda: self.stop(interrupted=False))
        if actions:
            # Before what was asked for can be heard, so that nobody says it again.
            self._ports.keep_answer(self.exchange)

    def _speak(self, action: SpeakPiece) -> None:
        rate, volume = self._ports.voice_settings()
        request = Speak(
            session=self._session,
            answer=self.answer.answer,
            piece=action.number,
            text=action.text,
            attempt=action.attempt,
            credit_samples=CREDIT_SAMPLES if action.number == 0 else 0,
            language=self._language,
            rate=rate,
            volume=volume,
        )
        endpoint = ""

        def failed(error: StreamTalkError) -> None:
            self._on_speak_failed(action, endpoint, error)

        def done(spoken: Spoken) -> None:
            self._ports.learn_pace(endpoint, spoken.first_audio_ms)
            self._on_spoken(spoken, action.attempt)

        endpoint = self._ports.speak(request, self._voice, done, failed)
        self._voice = endpoint or self._voice
        if endpoint:
            self.answer.asked(action.number, endpoint)
            self._lateness.asked(self._ports.allowed_ms(endpoint), self._now_ns())

    def _on_spoken(self, spoken: Spoken, attempt: int) -> None:
        if self._ending:
            return
        self._tries = 0
        self.exchange.on_first_audio(spoken.first_audio_ms)
        actions = self.answer.on_spoken(spoken, attempt)
        self._do(actions)
        if not actions:
            self._ports.keep_answer(self.exchange)

    def _on_speak_failed(self, action: SpeakPiece, endpoint: str, error: StreamTalkError) -> None:
        if self._ending or action.attempt != self.answer.attempt:
            return
        self._tries += 1
        elsewhere = error.code == "engine" or isinstance(error, RemoteError)
        fatal = not (error.retryable or elsewhere)
        allowed = HURRIED_TRIES if self._ports.is_long_away("tts") else MAX_TRIES
        if fatal or max(self._tries, self.answer.failures) > allowed:
            self.exchange.error = error.code
            self._do(self.answer.give_up())
        elif endpoint:
            self.lose_voice(endpoint, error.code)
        else:
            self._ports.after(_RETRY_NS, lambda: self._do(self.answer.not_asked(action.number)))

    def _retake(self, action: RetakeAnswer) -> None:
        request = Retake(
            session=self._session,
            term=self._term,
            answer=self.answer.answer,
            piece=action.piece,
            sample=action.sample,
            attempt=action.attempt,
        )

        def done(reply: Retaken) -> None:
            if not self._ending:
                self._do(self.answer.on_retaken(reply.piece, reply.sample, reply.marks))

        self._ports.sink(self._sink, request, done, lambda _: self.stop(interrupted=False))

    def _finish(self, action: FinishAnswer) -> None:
        request = Finish(
            session=self._session,
            term=self._term,
            answer=self.answer.answer,
            pieces=action.pieces,
        )
        self._ports.sink(self._sink, request, lambda _: None, self._on_sink_failed)
