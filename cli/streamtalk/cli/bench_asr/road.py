"""A person's audio on the product's own road to a transcript, on a clock that need not be real.

Voice activity is judged chunk by chunk, `Hearing` says what is asked when, and one recogniser works
off what it is asked: partials are refused while it is busy, finals wait. What a call takes is
either known (scripted) or measured while it is made; everything else takes no time. So the
latencies are those of real time, whether anybody waits for real time to pass or not.
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from streamtalk.orchestrator.hearing import (
    Action,
    AskPrediction,
    AskTranscript,
    Began,
    Committed,
    Dropped,
    Hearing,
    HearingConfig,
)
from streamtalk.proto.audio import MIC_RATE_HZ
from streamtalk.proto.recognition import Transcript
from streamtalk.proto.state import PLAIN_VOICE, STATE_PERIOD_MS, VadState
from streamtalk.vad.config import SegmenterSettings
from streamtalk.vad.segmenter import Segmenter
from streamtalk.vad.tracker import CHUNK_SAMPLES

STREAM: Final = "bench"
SETTLE_CHUNKS: Final = 3 * MIC_RATE_HZ // CHUNK_SAMPLES
"""Silence after the audio in which the last turn is committed."""

_NS: Final = 1_000_000_000
_PERIOD_NS: Final = STATE_PERIOD_MS * 1_000_000


class Recogniser(Protocol):
    """What hears; called in the order of the requests, one at a time."""

    def hear(
        self, from_sample: int, to_sample: int, *, final: bool, voice: float = PLAIN_VOICE
    ) -> tuple[Transcript, int]:
        """The transcript of a range, and the nanoseconds that it took."""
        ...


@dataclass(frozen=True)
class Shown:
    """A partial transcript that came while a turn was spoken."""

    at_ns: int
    text: str
    stable_chars: int


@dataclass
class Turn:
    """One utterance: what was shown while it was spoken, and what was made of it."""

    start: int = 0
    end: int = 0
    text: str = ""
    dropped: str = ""
    """Why it is no turn; empty for one that was committed."""

    rejected: str = ""
    """What the recogniser said against the text of a committed turn."""

    language: str = ""
    final_ms: float | None = None
    """From the moment at which the pause was known to the final transcript."""

    began_ns: int = 0
    """When voice activity noticed it."""

    shown: list[Shown] = field(default_factory=list)


@dataclass
class Account:
    """Work of the recogniser over one recording."""

    compute_ns: int = 0
    partials: int = 0
    skipped: int = 0
    """Partials that the busy recogniser refused."""

    finals: int = 0


class Road:
    """One recording on its way; times are nanoseconds of the microphone's clock."""

    def __init__(
        self,
        recogniser: Recogniser,
        config: HearingConfig | None = None,
        settings: SegmenterSettings | None = None,
    ) -> None:
        self._recogniser = recogniser
        self._hearing = Hearing(config or HearingConfig())
        self._segmenter = Segmenter(settings or SegmenterSettings(), 0)
        self._due: list[tuple[int, int, Callable[[int], None]]] = []
        self._number = 0
        self._busy_until_ns = 0
        self._open = Turn()
        self._state_ns = -_PERIOD_NS
        self.turns: list[Turn] = []
        self.account = Account()

    def run(
        self, probabilities: Sequence[float], arrive: Callable[[int], None] = lambda _: None
    ) -> list[Turn]:
        """Go through all chunks and the silence behind them; `arrive` is told of each in time."""
        silence = [0.0] * SETTLE_CHUNKS
        for number, probability in enumerate([*probabilities, *silence]):
            begin = number * CHUNK_SAMPLES
            end = begin + CHUNK_SAMPLES
            now_ns = end * _NS // MIC_RATE_HZ
            self._catch_up(now_ns)
            arrive(end)
            changed = self._segmenter.feed(begin, end, probability)
            if changed or now_ns - self._state_ns >= _PERIOD_NS:
                self._state_ns = now_ns
                self._take(self._hearing.on_state(self._state(end, probability), now_ns), now_ns)
        self._catch_up(1 << 62)
        return self.turns

    def _state(self, sample: int, probability: float) -> VadState:
        segmenter = self._segmenter
        return VadState(
            lease=STREAM,
            stream=STREAM,
            sample=sample,
            speaking=segmenter.speaking,
            segment=segmenter.segment,
            end=segmenter.end,
            probability=probability,
            peak=segmenter.peak,
        )

    def _catch_up(self, now_ns: int) -> None:
        """What became due until now, in order."""
        while True:
            tick_ns = self._hearing.due_ns()
            next_ns = self._due[0][0] if self._due else now_ns + 1
            if tick_ns is not None and tick_ns <= min(next_ns, now_ns):
                self._take(self._hearing.tick(tick_ns), tick_ns)
            elif next_ns <= now_ns:
                at_ns, _, act = heapq.heappop(self._due)
                act(at_ns)
            else:
                return

    def _later(self, at_ns: int, act: Callable[[int], None]) -> None:
        self._number += 1
        heapq.heappush(self._due, (at_ns, self._number, act))

    def _take(self, actions: Sequence[Action], now_ns: int) -> None:
        for action in actions:
            if isinstance(action, Began):
                self._open.began_ns = now_ns
            elif isinstance(action, AskTranscript):
                self._ask(action, now_ns)
            elif isinstance(action, AskPrediction):
                self._take(self._hearing.on_prediction(action.key, None, now_ns), now_ns)
            elif isinstance(action, Committed):
                self._end(action.key.start, action.key.end, action.transcript)
                marks = action.marks_ns
                self.turns[-1].final_ms = (marks["transcribed"] - marks["paused"]) / 1e6
            elif isinstance(action, Dropped):
                self._end(action.key.start, action.key.end, None)
                self.turns[-1].dropped = action.reason

    def _ask(self, action: AskTranscript, now_ns: int) -> None:
        if not action.final and self._busy_until_ns > now_ns:
            self.account.skipped += 1
            self._hearing.on_partial(now_ns, None)
            return
        found, took_ns = self._recogniser.hear(
            action.key.start, action.to_sample, final=action.final, voice=action.voice
        )
        self._busy_until_ns = max(now_ns, self._busy_until_ns) + took_ns
        self.account.compute_ns += took_ns
        self.account.finals += action.final
        self.account.partials += not action.final

        def final(at_ns: int) -> None:
            """The transcript of the pause has come."""
            self._take(self._hearing.on_transcript(action.key, found, at_ns), at_ns)

        def partial(at_ns: int) -> None:
            """It is shown, and the next one may be asked for."""
            self._open.shown.append(Shown(at_ns, found.text, found.stable_chars))
            self._hearing.on_partial(at_ns, found.text)

        self._later(self._busy_until_ns, final if action.final else partial)

    def _end(self, start: int, end: int, transcript: Transcript | None) -> None:
        turn, self._open = self._open, Turn()
        turn.start, turn.end = start, end
        if transcript is not None:
            turn.text, turn.rejected = transcript.text, transcript.rejected
            turn.language = transcript.language
        self.turns.append(turn)
