"""When has the person said something, and is it finished? Pure: states and results in, actions out.

Positions are samples of the microphone stream, 16 kHz. Times are monotonic nanoseconds.
"""

from dataclasses import dataclass, field
from typing import Final

import msgspec

from streamtalk.proto.audio import MIC_RATE_HZ, ms_to_samples
from streamtalk.proto.endpointing import Prediction
from streamtalk.proto.errors import StreamTalkError
from streamtalk.proto.recognition import Transcript
from streamtalk.proto.state import PLAIN_VOICE, VadState

_NS_PER_SAMPLE: Final = 1_000_000_000 // MIC_RATE_HZ
_LONG_SAMPLES: Final = ms_to_samples(1_300, MIC_RATE_HZ)
"""A second of speech in one go, and its look-back: that is somebody, however quiet."""

_AGAIN_SAMPLES: Final = ms_to_samples(100, MIC_RATE_HZ)
"""Two attachments that judge the same speech agree on its end this closely."""


class HearingConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[orchestrator.hearing]` table."""

    partial_every_ms: int = 200
    """How often a partial transcript is asked for while the person speaks; 0: never."""

    partial_after_ms: int = 100
    """The first partial is asked for this long after speech was noticed."""

    partial_again_ms: int = 50
    """After a partial without any words the next one comes this soon: the first word is awaited."""

    pad_ms: int = 120
    """Audio after the last speech that is transcribed with it, where it is there already."""

    default_commit_ms: int = 600
    """Silence that ends a turn when no prediction can be had."""

    max_silence_ms: int = 2_000
    """Silence that ends a turn whatever the prediction says."""

    max_utterance_ms: int = 50_000
    """A person who never pauses is answered after this long; at most the ring's 60 s."""


@dataclass(frozen=True)
class Range:
    """Audio of one utterance so far; also the key that results are matched by."""

    stream: str
    start: int
    end: int


@dataclass(frozen=True)
class Began:
    """The person started to speak."""

    start: int


@dataclass(frozen=True)
class AskTranscript:
    """Transcribe [key.start, to_sample)."""

    key: Range
    to_sample: int
    final: bool
    voice: float = PLAIN_VOICE
    """Of a final: how sure voice activity was, at its best, that somebody speaks."""


@dataclass(frozen=True)
class AskPrediction:
    """Judge whether the person has finished."""

    key: Range
    text: str
    language: str
    silence_ms: float


@dataclass(frozen=True)
class Committed:
    """The turn of the person is over: answer it."""

    key: Range
    transcript: Transcript
    marks_ns: dict[str, int]
    """When each step was reached: `silence_since`, `paused`, `transcribed`, `predicted`,
    `committed`."""


@dataclass(frozen=True)
class Dropped:
    """There was no speech in it after all."""

    key: Range
    reason: str


@dataclass(frozen=True)
class Unheard:
    """The person spoke, and it could not be transcribed."""

    key: Range
    error: StreamTalkError


@dataclass(frozen=True)
class StreamLost:
    """The microphone was opened anew while the person was speaking."""

    start: int


Action = Began | AskTranscript | AskPrediction | Committed | Dropped | Unheard | StreamLost


@dataclass
class Utterance:
    """What the person is saying, from the first sound to the commit."""

    stream: str
    start: int
    speaking: bool = True
    end: int = 0
    voice: float = 0.0
    """Best speech probability in it so far, all its segments together; at least
    `PLAIN_VOICE` once one was long."""

    key: Range | None = None
    silence_since_ns: int = 0
    transcript: Transcript | None = None
    commit_after_ms: float | None = None
    partial_due_ns: int = 0
    partial_pending: bool = False
    forced: bool = False
    marks_ns: dict[str, int] = field(default_factory=dict)

    def resume(self) -> None:
        """The person goes on: nothing that was concluded from the pause holds."""
        self.speaking = True
        self.key = self.transcript = self.commit_after_ms = None
        self.marks_ns.clear()


def voice_of(peak: float, samples: int) -> float:
    """How sure voice activity is of speech in one go, whose best probability is `peak`."""
    return max(peak, PLAIN_VOICE) if samples >= _LONG_SAMPLES else peak


class Hearing:
    """Follows one session's VAD states; at most one utterance is open."""

    def __init__(self, config: HearingConfig) -> None:
        self._config = config
        self.stream = ""
        self.consumed = 0
        """Audio before this sample belongs to turns that are over."""

        self.utterance: Utterance | None = None
        self._lease = ""
        self._consumed_voice = 0.0
        self._consumed_by = ""
        """The attachment that reported the speech up to `consumed`; empty: of an earlier owner."""

    def on_state(self, state: VadState, now_ns: int) -> list[Action]:
        """Take the VAD's state."""
        actions: list[Action] = []
        if state.stream != self.stream:
            actions += self._change_stream(state.stream)
        self._lease = state.lease
        end = state.sample if state.end is None else state.end
        if state.segment is None:
            return actions
        if self.utterance is None:
            if self._is_over(state, state.segment, end):
                return actions
            start = max(state.segment, self.consumed)
            partial_due_ns = now_ns + self._config.partial_after_ms * 1_000_000
            self.utterance = Utterance(state.stream, start, partial_due_ns=partial_due_ns)
            actions.append(Began(start))
        voice = voice_of(state.peak, end - state.segment)
        self.utterance.voice = max(self.utterance.voice, voice)
        if state.speaking:
            return actions + self._on_speaking(self.utterance, state, now_ns)
        return actions + self._on_pause(self.utterance, end, state.sample, now_ns)

    def _is_over(self, state: VadState, segment: int, end: int) -> bool:
        """Whether it was answered already: a new attachment reads the ring from a while ago."""
        again = state.lease != self._consumed_by and segment < self.consumed
        if again:
            return end <= self.consumed + _AGAIN_SAMPLES
        return not state.speaking and end <= max(segment, self.consumed)

    def on_transcript(self, key: Range, transcript: Transcript, now_ns: int) -> list[Action]:
        """Take the final transcript of a pause; one of an earlier pause is ignored."""
        utterance = self.utterance
        if utterance is None or utterance.key != key:
            return []
        utterance.marks_ns["transcribed"] = now_ns
        if not transcript.text.strip():
            self._consume(key)
            return [Dropped(key, transcript.rejected or "silence")]
        utterance.transcript = transcript
        if utterance.forced:
            utterance.commit_after_ms = 0.0
            return self.tick(now_ns)
        silence_ms = self._silence_ms(utterance, now_ns)
        return [AskPrediction(key, transcript.text, transcript.language, silence_ms)]

    def on_transcript_failed(self, key: Range, error: StreamTalkError) -> list[Action]:
        """The pause could not be transcribed anywhere."""
        if self.utterance is None or self.utterance.key != key:
            return []
        self._consume(key)
        return [Unheard(key, error)]

    def on_partial(self, now_ns: int, text: str | None) -> None:
        """A partial came, or failed (None): the next one is due after the interval."""
        if self.utterance is not None:
            self.utterance.partial_pending = False
            every_ms = self._config.partial_every_ms
            if text is not None and not text.strip():
                every_ms = min(every_ms, self._config.partial_again_ms)
            self.utterance.partial_due_ns = now_ns + every_ms * 1_000_000

    def on_prediction(self, key: Range, prediction: Prediction | None, now_ns: int) -> list[Action]:
        """Take the judgement of a pause; None when it could not be had."""
        utterance = self.utterance
        if utterance is None or utterance.key != key:
            return []
        utterance.marks_ns["predicted"] = now_ns
        wanted_ms = prediction.commit_after_ms if prediction else self._config.default_commit_ms
        utterance.commit_after_ms = min(wanted_ms, self._config.max_silence_ms)
        return self.tick(now_ns)

    def tick(self, now_ns: int) -> list[Action]:
        """Commit when enough silence has passed."""
        utterance = self.utterance
        due_ns = self.due_ns()
        if utterance is None or due_ns is None or now_ns < due_ns:
            return []
        key, transcript = utterance.key, utterance.transcript
        if key is None or transcript is None:
            return []
        utterance.marks_ns["committed"] = now_ns
        self._consume(key)
        return [Committed(key, transcript, dict(utterance.marks_ns))]

    def due_ns(self) -> int | None:
        """When `tick` has to be called, if no new state comes."""
        utterance = self.utterance
        if utterance is None or utterance.speaking or utterance.transcript is None:
            return None
        wanted_ms = utterance.commit_after_ms
        after_ms = self._config.max_silence_ms if wanted_ms is None else wanted_ms
        return utterance.silence_since_ns + int(after_ms * 1e6)

    def withdraw(self, key: Range) -> None:
        """The turn was committed too early: its audio belongs to what is being said now."""
        self.consumed = min(self.consumed, key.start)
        if self.utterance is not None and self.utterance.stream == key.stream:
            self.utterance.start = key.start
            self.utterance.voice = max(self.utterance.voice, self._consumed_voice)
            if self.utterance.key is not None:
                self.utterance.key = None

    def _change_stream(self, stream: str) -> list[Action]:
        lost = self.utterance
        self.stream, self.consumed, self.utterance = stream, 0, None
        return [StreamLost(lost.start)] if lost is not None else []

    def _on_speaking(self, utterance: Utterance, state: VadState, now_ns: int) -> list[Action]:
        if not utterance.speaking and not utterance.forced:
            utterance.resume()
        if utterance.forced and utterance.key is not None:
            return []
        samples = state.sample - utterance.start
        if samples >= ms_to_samples(self._config.max_utterance_ms, MIC_RATE_HZ):
            utterance.forced = True
            return self._on_pause(utterance, state.sample, state.sample, now_ns)
        every_ms = self._config.partial_every_ms
        if not every_ms or utterance.partial_pending or now_ns < utterance.partial_due_ns:
            return []
        if state.end is not None and state.end < state.sample:
            # It may be the pause: a partial begun now would only keep the final waiting.
            return []
        utterance.partial_pending = True
        key = Range(utterance.stream, utterance.start, state.sample)
        return [AskTranscript(key, state.sample, final=False)]

    def _on_pause(self, utterance: Utterance, end: int, sample: int, now_ns: int) -> list[Action]:
        key = Range(utterance.stream, utterance.start, end)
        utterance.speaking = False
        if utterance.key is None and end <= utterance.start:
            # Nothing more would come of it, and the session would hear for ever.
            self.utterance = None
            return [Dropped(key, "silence")]
        if utterance.key == key or end <= utterance.start:
            return []
        utterance.resume()
        utterance.speaking = False
        utterance.key, utterance.end = key, end
        utterance.silence_since_ns = now_ns - (sample - end) * _NS_PER_SAMPLE
        utterance.marks_ns["silence_since"] = utterance.silence_since_ns
        utterance.marks_ns["paused"] = now_ns
        to_sample = min(end + ms_to_samples(self._config.pad_ms, MIC_RATE_HZ), sample)
        to_sample = max(end, to_sample)
        return [AskTranscript(key, to_sample, final=True, voice=utterance.voice)]

    def _consume(self, key: Range) -> None:
        self.consumed = max(self.consumed, key.end)
        self._consumed_by = self._lease
        self._consumed_voice = self.utterance.voice if self.utterance is not None else 0.0
        self.utterance = None

    @staticmethod
    def _silence_ms(utterance: Utterance, now_ns: int) -> float:
        return max(0.0, (now_ns - utterance.silence_since_ns) / 1e6)
