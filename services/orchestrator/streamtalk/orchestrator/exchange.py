"""One turn of a conversation as it goes: what was said, answered and heard, and when."""

from dataclasses import dataclass, field
from typing import Literal

from streamtalk.orchestrator.answer import Answer
from streamtalk.orchestrator.hearing import Range
from streamtalk.proto.audio import MIC_RATE_HZ, samples_to_ms
from streamtalk.proto.conversation import Turn
from streamtalk.proto.playback import Stopped
from streamtalk.proto.recognition import Transcript

State = Literal["hearing", "thinking", "speaking", "done"]


@dataclass
class Exchange:
    """Everything known of one turn."""

    number: int
    state: State = "hearing"
    stream: str = ""
    """Microphone stream that its speech began in; empty where nobody spoke."""

    key: Range | None = None
    transcript: Transcript | None = None
    user_text: str = ""
    answer: Answer | None = None
    prefix: str = ""
    """What was heard of the reply before it had to be taken up again; all of it afterwards."""

    intent: str = ""
    heard_text: str = ""
    interrupted: bool = False
    error: str | None = None
    speech_start: int | None = None
    committed: int | None = None
    stages_ms: dict[str, float] = field(default_factory=dict)
    committed_ns: int = 0
    first_text_ns: int = 0
    stopped: Stopped | None = None

    @property
    def reply_text(self) -> str:
        """What was written so far."""
        return self.prefix + (self.answer.text if self.answer else "")

    def on_committed(self, key: Range, transcript: Transcript, marks_ns: dict[str, int]) -> None:
        """The person's part is over."""
        self.state = "thinking"
        self.key, self.transcript, self.user_text = key, transcript, transcript.text
        self.committed_ns = marks_ns["committed"]
        ended_ns = marks_ns["silence_since"]
        silent_samples = (self.committed_ns - ended_ns) * MIC_RATE_HZ // 1_000_000_000
        self.committed = key.end + silent_samples
        steps = {"vad": (ended_ns, "paused"), "asr": (marks_ns["paused"], "transcribed")}
        for stage, (from_ns, step) in steps.items():
            self.stages_ms[stage] = round((marks_ns[step] - from_ns) / 1e6, 1)
        waited_ns = self.committed_ns - marks_ns["transcribed"]
        self.stages_ms["turn"] = round(waited_ns / 1e6, 1)

    def on_first_text(self, now_ns: int) -> None:
        """The reply begins."""
        if not self.first_text_ns:
            self.first_text_ns = now_ns
            self.stages_ms["llm_first_text"] = round((now_ns - self.committed_ns) / 1e6, 1)

    def on_first_audio(self, first_audio_ms: float) -> None:
        """The voice tells how long its first audio took."""
        self.stages_ms.setdefault("tts_first_audio", round(first_audio_ms, 1))

    def on_audible(self, first_audible: int | None) -> None:
        """The first audible sample has left the loudspeaker, by the session's clock."""
        if first_audible is None or self.key is None or "playback" in self.stages_ms:
            return
        whole_ms = samples_to_ms(first_audible - self.key.end, MIC_RATE_HZ)
        stages = ("vad", "asr", "turn", "llm_first_text", "tts_first_audio")
        before_ms = sum(self.stages_ms.get(stage, 0.0) for stage in stages)
        self.stages_ms["playback"] = round(whole_ms - before_ms, 1)

    def on_stopped(self, stopped: Stopped) -> None:
        """The sink has told how far it came: now it is certain what was heard."""
        self.stopped = stopped
        self.on_audible(stopped.first_audible)
        if self.committed is not None and stopped.first_audible is not None:
            # An edge that stalls falls behind the clock by which the commit was placed.
            self.committed = min(self.committed, stopped.first_audible)
        if self.answer is not None:
            self.heard_text = self.prefix + self.answer.heard(stopped)

    def release(self) -> None:
        """The turn is done and written down: keep what can be reported of it, not how it was made.

        A conversation lists its last turns for hours, and marks, words and pieces are most of one.
        """
        self.prefix, self.answer, self.transcript = self.reply_text, None, None

    @property
    def voice_to_voice_ms(self) -> float | None:
        """From the end of speech, by our VAD, to the first audible sample of the answer."""
        first = self.stopped.first_audible if self.stopped else None
        if first is None or self.key is None:
            return None
        return round(samples_to_ms(first - self.key.end, MIC_RATE_HZ), 1)

    def report(self) -> Turn:
        """The turn as it goes over the wire."""
        stopped = self.stopped
        return Turn(
            turn=self.number,
            state=self.state,
            user_text=self.user_text,
            reply_text=self.reply_text,
            heard_text=self.heard_text,
            interrupted=self.interrupted,
            error=self.error,
            speech_start=self.speech_start,
            speech_end=self.key.end if self.key else None,
            committed=self.committed,
            reply_start=stopped.first_audible if stopped else None,
            reply_end=stopped.mic_sample if stopped and stopped.frames else None,
            stages_ms=self.stages_ms,
            late_frames=stopped.late_frames if stopped else 0,
            gaps=stopped.gaps if stopped else 0,
            frames=stopped.frames if stopped else 0,
        )
