"""What was decided in a conversation, read from its trace, whether recorded or replayed."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from streamtalk.cli.flight.script import RESULTS, Step
from streamtalk.proto.audio import MIC_RATE_HZ, samples_to_ms
from streamtalk.proto.conversation import Turn
from streamtalk.proto.endpointing import Predict, Prediction
from streamtalk.proto.synthesis import Speak

LATENCIES: Final = ("stages_ms", "voice_to_voice_ms")
"""Fields that say how long something took, and not what was decided."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """One turn. Positions are samples of the session's microphone clock, 16 kHz."""

    turn: int
    state: str
    speech_start: int | None
    speech_end: int | None
    committed: int | None
    prediction: str
    """Label and silence that ended the turn; empty: there was none."""

    user_text: str
    reply_text: str
    pieces: list[str]
    """Texts in the order in which they were given to the voice."""

    interrupted: bool
    heard_text: str
    error: str | None
    reply_start: int | None
    reply_end: int | None
    stages_ms: dict[str, float]
    voice_to_voice_ms: float | None


class Decisions(msgspec.Struct, kw_only=True):
    """Everything that was decided in one conversation."""

    turns: list[Decision] = []
    dropped: list[int] = []
    """Where speech began that was no turn after all."""


def decisions_of(steps: Iterable[Step]) -> Decisions:
    """The last word on each turn."""
    log = _Log()
    for step in steps:
        log.take(step)
    return log.decisions()


class _Log:
    def __init__(self) -> None:
        self._turns: dict[int, tuple[Turn, str]] = {}
        self._dropped: list[int] = []
        self._asked: dict[int, Predict] = {}
        self._predictions: dict[tuple[int, int], str] = {}
        self._pieces: dict[str, list[str]] = {}

    def take(self, step: Step) -> None:
        """Take one step of a trace."""
        message: Any = step.message
        if step.what == "turn":
            self._turns[message.turn] = (message, step.traced.text)
        elif step.what == "forgot":
            self._turns.pop(message.turn, None)
            if message.speech_start is not None:
                self._dropped.append(message.speech_start)
        elif isinstance(message, Predict):
            self._asked[step.traced.call] = message
        elif isinstance(message, Speak):
            self._pieces.setdefault(message.answer, []).append(message.text)
        elif step.what in RESULTS and step.traced.call in self._asked:
            self._predict(self._asked[step.traced.call], step)

    def _predict(self, asked: Predict, step: Step) -> None:
        found = step.message
        said = "none"
        if isinstance(found, Prediction):
            said = f"{found.label}, {found.commit_after_ms:.0f} ms"
        self._predictions[asked.from_sample, asked.to_sample] = said

    def decisions(self) -> Decisions:
        """In the order of their numbers."""
        turns = [self._decision(*self._turns[number]) for number in sorted(self._turns)]
        return Decisions(turns=turns, dropped=self._dropped)

    def _decision(self, turn: Turn, answer: str) -> Decision:
        waited_ms = None
        if turn.reply_start is not None and turn.speech_end is not None:
            waited_ms = round(samples_to_ms(turn.reply_start - turn.speech_end, MIC_RATE_HZ), 1)
        place = (turn.speech_start or 0, turn.speech_end or 0)
        return Decision(
            turn=turn.turn,
            state=turn.state,
            speech_start=turn.speech_start,
            speech_end=turn.speech_end,
            committed=turn.committed,
            prediction=self._predictions.get(place, ""),
            user_text=turn.user_text,
            reply_text=turn.reply_text,
            pieces=self._pieces.get(answer, []),
            interrupted=turn.interrupted,
            heard_text=turn.heard_text,
            error=turn.error,
            reply_start=turn.reply_start,
            reply_end=turn.reply_end,
            stages_ms=turn.stages_ms,
            voice_to_voice_ms=waited_ms,
        )
