"""A conversation and its world in one thread: a real sink, and services that do as told."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from streamtalk.client.sink import Sink
from streamtalk.orchestrator.answer import TONE_SAMPLES
from streamtalk.orchestrator.config import OrchestratorConfig
from streamtalk.orchestrator.conversation import Conversation
from streamtalk.orchestrator.exchange import Exchange
from streamtalk.orchestrator.heard import estimate_marks
from streamtalk.orchestrator.ports import Failed, ReplyEvents
from streamtalk.orchestrator.tone import tone
from streamtalk.proto.attachment import Attach, Attached
from streamtalk.proto.conversation import OpenSession
from streamtalk.proto.endpointing import Predict, Prediction
from streamtalk.proto.errors import DeadlineError, StreamTalkError
from streamtalk.proto.frames import Speech
from streamtalk.proto.playback import Play, SinkRequest, Stop
from streamtalk.proto.recognition import Transcribe, Transcript
from streamtalk.proto.state import SessionState, VadState
from streamtalk.proto.synthesis import Speak, Spoken

MS = 1_000_000
WORD_SAMPLES = 9_600


def opening(stream: str = "mic", sink: str = "sink", mic_sample: int = 0) -> OpenSession:
    """What an edge asks for."""
    return OpenSession(
        session="s", stream=stream, ring="r", sink=sink, mic_sample=mic_sample, edge="test"
    )


def transcript(text: str, language: str = "en") -> Transcript:
    """A final transcript."""
    return Transcript(
        text=text, final=True, language=language, confidence=0.9, audio_ms=1.0, compute_ms=1.0
    )


class Thought:
    """An answer that is being thought; the test writes it, or breaks it."""

    def __init__(self, exchange: Exchange, events: ReplyEvents) -> None:
        self.exchange = exchange
        self.events = events
        self.cancelled = False

    def cancel(self) -> None:
        """Nobody wants it any more."""
        self.cancelled = True


@dataclass
class World:
    """`Ports` in which every result comes when the test settles it."""

    clock_ns: int = 10**12
    sinks: dict[str, Sink] = field(default_factory=lambda: {"sink": Sink()})
    replies: deque[str | StreamTalkError | Thought] = field(default_factory=deque)
    hears: deque[str | StreamTalkError] = field(default_factory=deque)
    commit_after_ms: float = 300.0
    thoughts: list[Thought] = field(default_factory=list)
    transcribed: list[Transcribe] = field(default_factory=list)
    attached: list[Attach] = field(default_factory=list)
    spoken: list[Speak] = field(default_factory=list)
    spoke: list[str] = field(default_factory=list)
    orders: list[SinkRequest] = field(default_factory=list)
    recorded: list[tuple[int, str]] = field(default_factory=list)
    forgotten: list[int] = field(default_factory=list)
    done: list[Exchange] = field(default_factory=list)
    states: list[SessionState] = field(default_factory=list)
    voice_there: bool = True
    voices: list[str] = field(default_factory=lambda: ["voice"])
    mute_voices: set[str] = field(default_factory=set)
    """Voices that take a piece and never say it."""

    long_away: bool = False
    vad: str = "vad"
    suspected: list[str] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)
    following: dict[str, str] = field(default_factory=dict)
    """Which instance follows under which lease."""

    behind: dict[str, int] = field(default_factory=dict)
    """Samples that an instance has not judged yet."""

    _soon: deque[Callable[[], None]] = field(default_factory=deque)
    _later: list[tuple[int, Callable[[], None]]] = field(default_factory=list)

    def settle(self) -> None:
        """Let everything happen that needs no time."""
        due = [f for at, f in self._later if at <= self.clock_ns]
        self._later = [(at, f) for at, f in self._later if at > self.clock_ns]
        self._soon.extend(due)
        while self._soon:
            self._soon.popleft()()

    def transcribe(
        self, request: Transcribe, done: Callable[[Transcript], None], failed: Failed
    ) -> None:
        """The next of `hears`; "" when there is none. Partials are silent."""
        self.transcribed.append(request)
        heard = (self.hears.popleft() if self.hears else "") if request.final else ""
        if isinstance(heard, StreamTalkError):
            error = heard
            self._soon.append(lambda: failed(error))
        else:
            text = heard
            self._soon.append(lambda: done(transcript(text)))

    def predict(self, request: Predict, done: Callable[[Prediction], None], failed: Failed) -> None:
        """Finished."""
        answer = Prediction(finished=0.9, commit_after_ms=self.commit_after_ms, label="finished")
        self._soon.append(lambda: done(answer))

    def speak(
        self, request: Speak, voice: str, done: Callable[[Spoken], None], failed: Failed
    ) -> str:
        """Words of a fixed length reach every sink at once."""
        if not self.voice_there:
            self._soon.append(lambda: failed(DeadlineError("nobody")))
            return ""
        self.spoken.append(request)
        there = [each for each in self.voices if each not in self.suspected] or self.voices
        voice = voice if voice in self.voices else there[0]
        self.spoke.append(voice)
        if voice in self.mute_voices:
            return voice
        marks = estimate_marks(request.text, 1 << 20)
        total = WORD_SAMPLES * len(marks)
        header = Speech(
            answer=request.answer,
            piece=request.piece,
            sample=0,
            attempt=request.attempt,
            total_samples=total,
        )
        reply = Spoken(
            answer=request.answer,
            piece=request.piece,
            total_samples=total,
            language="en",
            voice="v",
            first_audio_ms=1.0,
            compute_ms=1.0,
        )

        def deliver() -> None:
            for sink in self.sinks.values():
                sink.accept(header, b"\x00\x10" * total)
            done(reply)

        self._soon.append(deliver)
        return voice

    def another_voice(self, endpoint: str) -> bool:
        """Whether one of `voices` is left."""
        return any(voice != endpoint for voice in self.voices)

    def allowed_ms(self, endpoint: str) -> float:
        """A quick voice's."""
        return 300.0

    def learn_pace(self, endpoint: str, first_audio_ms: float) -> None:
        """Voices here take no time."""

    def leave_voice(self, endpoint: str, reason: str) -> None:
        """Note who is left, and why."""
        self.left.append((endpoint, reason))
        self.suspected.append(endpoint)

    def sound_tone(self, answer: str, piece: int, attempt: int) -> None:
        """It reaches every sink at once."""
        header = Speech(
            answer=answer, piece=piece, sample=0, attempt=attempt, total_samples=TONE_SAMPLES
        )
        for sink in self.sinks.values():
            sink.accept(header, tone())

    def is_long_away(self, stage: str) -> bool:
        """As the test says."""
        return self.long_away

    def cancel_speech(self, session: str, answer: str, voices: set[str]) -> None:
        """Nothing is kept here."""

    def sink(
        self, endpoint: str, request: SinkRequest, done: Callable[[Any], None], failed: Failed
    ) -> None:
        """The real sink; one that is gone never answers in time."""
        self.orders.append(request)
        if endpoint not in self.sinks:
            self._soon.append(lambda: failed(DeadlineError("no sink")))
            return
        try:
            reply = self.sinks[endpoint].obey(request, self.mic_sample)
        except StreamTalkError as error:
            refusal = error
            self._soon.append(lambda: failed(refusal))
        else:
            self._soon.append(lambda: done(reply))

    def attach(
        self, request: Attach, endpoint: str, done: Callable[[Any], None], failed: Failed
    ) -> str:
        """Followed by the `vad` that is named, else by the one in use."""
        self.attached.append(request)
        self.following[request.lease] = endpoint or self.vad
        self._soon.append(lambda: done(Attached(lease_ms=5_000)))
        return endpoint or self.vad

    def in_use(self, endpoint: str) -> bool:
        """Whether it is the `vad` in use."""
        return endpoint == self.vad

    def suspect(self, endpoint: str) -> None:
        """Note who is late."""
        self.suspected.append(endpoint)

    def detach(self, session: str, lease: str, endpoint: str) -> None:
        """It no longer follows."""
        self.following.pop(lease, None)

    def grammar(self) -> str:
        """Dictation."""
        return ""

    def think(self, session: str, exchange: Exchange, events: ReplyEvents) -> Thought:
        """The next of `replies`; without one, the test writes it later."""
        thought = Thought(exchange, events)
        self.thoughts.append(thought)
        if self.replies:
            reply = self.replies.popleft()

            def write() -> None:
                if thought.cancelled:
                    return
                if isinstance(reply, StreamTalkError):
                    events.on_failed(reply)
                else:
                    events.on_text(str(reply))
                    events.on_end()

            self._soon.append(write)
        return thought

    def record(self, exchange: Exchange) -> None:
        """Note that a turn was written down, and in which state."""
        self.recorded.append((exchange.number, exchange.state))

    def keep_answer(self, exchange: Exchange) -> None:
        """Nothing survives this world."""

    def superseded(self) -> None:
        """Note that the session is another owner's."""
        self.let_go = True

    def forget(self, exchange: Exchange) -> None:
        """Note that a turn was none."""
        self.let_go = False
        self.forgotten.append(exchange.number)

    def publish(self, session: str, state: SessionState) -> None:
        """Keep what a view would show."""
        self.states.append(state)

    def after(self, delay_ns: int, function: Callable[[], None]) -> None:
        """Run it when the clock has come so far."""
        self._later.append((self.clock_ns + delay_ns, function))

    def voice_settings(self) -> tuple[float, float]:
        """As usual."""
        return 1.0, 1.0

    def finished(self, exchange: Exchange) -> None:
        """A turn is over."""
        self.done.append(exchange)

    @property
    def mic_sample(self) -> int:
        """The microphone's clock."""
        return (self.clock_ns - 10**12) * 16 // MS


class Room:
    """One conversation, its person, and its loudspeaker."""

    def __init__(self, first_turn: int = 1) -> None:
        self.world = World()
        self.conversation = Conversation(
            opening(),
            3,
            self.world,
            OrchestratorConfig(),
            lambda: self.world.clock_ns,
            first_turn,
        )
        self.segment: int | None = None
        self.end: int | None = None
        self.stream = "mic"
        self.speaks = False
        self.peak = 1.0
        self.offset = 0
        self.pass_ms(0)

    @property
    def sink(self) -> Sink:
        """The sink that the edge has now."""
        return self.world.sinks[self.conversation.request.sink]

    @property
    def sample(self) -> int:
        """Position in the microphone's stream."""
        return self.world.mic_sample - self.offset

    def begin(self) -> None:
        """The person starts to speak."""
        self.speaks, self.segment = True, self.sample
        self.pass_ms(20)

    def pause(self) -> None:
        """The person falls silent."""
        self.speaks, self.end = False, self.sample
        self.pass_ms(20)

    def pass_ms(self, ms: int) -> None:
        """Time goes by, 20 ms at a time: states, playing, results, deadlines."""
        for _ in range(max(1, ms // 20)):
            self.world.clock_ns += 20 * MS
            for sink in list(self.world.sinks.values()):
                sink.pull(self.world.mic_sample)
            for lease, endpoint in list(self.world.following.items()):
                self.conversation.on_vad(self._vad(lease, self.world.behind.get(endpoint, 0)))
            self.world.settle()
            self.conversation.on_playback(self.sink.state(self.world.mic_sample))
            self.world.settle()
            self.conversation.tick()
            self.world.settle()

    def ask(self, text: str, reply: str | StreamTalkError | None = None, ms: int = 600) -> None:
        """The person says something; `reply` is what will be thought of it."""
        self.world.hears.append(text)
        if reply is not None:
            self.world.replies.append(reply)
        self.begin()
        self.pass_ms(ms)
        self.pause()

    def wait_idle(self) -> None:
        """Until nothing is heard, thought or said; half a minute at most."""
        for _ in range(1_500):
            if self.conversation.idle:
                return
            self.pass_ms(20)
        raise TimeoutError(self.conversation.phase)

    def replace_vad(self, name: str) -> None:
        """Another instance is active from now on; the old one serves on until it is left."""
        self.world.vad = name
        self.conversation.look()
        self.pass_ms(20)

    def new_stream(self) -> None:
        """The microphone is opened anew."""
        self.stream, self.offset = "mic-2", self.world.mic_sample
        self.segment = self.end = None
        self.speaks = False
        self.conversation.renew(opening(stream="mic-2", sink=self.conversation.request.sink))

    def plays(self) -> str | None:
        """Which answer the sink is playing."""
        return self.sink.state(0).playing

    def ordered(self, kind: type[SinkRequest]) -> list[str]:
        """Answers that such an order was given for."""
        return [order.answer for order in self.world.orders if isinstance(order, kind)]

    def stopped(self) -> list[str]:
        """Answers that were stopped."""
        return self.ordered(Stop)

    def played(self) -> list[str]:
        """Answers that were told to play."""
        return self.ordered(Play)

    def _vad(self, lease: str, behind: int) -> VadState:
        return VadState(
            lease=lease,
            stream=self.stream,
            sample=max(0, self.sample - behind),
            speaking=self.speaks,
            segment=self.segment,
            end=self.end if not self.speaks else None,
            probability=0.5,
            peak=self.peak,
        )
