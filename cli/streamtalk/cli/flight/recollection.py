"""The part of a replayed world that is known by heart: answers as they were, and nothing to do."""

from typing import Any, Final

from streamtalk.cli.flight.script import Part
from streamtalk.cli.flight.timeline import Timeline
from streamtalk.orchestrator.exchange import Exchange
from streamtalk.proto.state import SessionState

_PATIENT_MS: Final = 60_000.0


class Recollection:
    """The ports that ask a question, and those that only tell."""

    def __init__(self, part: Part, timeline: Timeline) -> None:
        self._told = part.answers()
        self._now = timeline

    def cancel_speech(self, session: str, answer: str, voices: set[str]) -> None:
        """Nothing is kept here."""

    def another_voice(self, endpoint: str) -> bool:
        """As it was at that time."""
        return bool(self._recall("another_voice", endpoint, otherwise=False))

    def allowed_ms(self, endpoint: str) -> float:
        """As it was at that time; a voice that is run for real may take any time."""
        return float(self._recall("allowed_ms", endpoint, _PATIENT_MS))

    def learn_pace(self, endpoint: str, first_audio_ms: float) -> None:
        """The recording knows."""

    def leave_voice(self, endpoint: str, reason: str) -> None:
        """The recording knows who was asked instead."""

    def is_long_away(self, stage: str) -> bool:
        """As it was at that time."""
        return bool(self._recall("is_long_away", stage, otherwise=False))

    def in_use(self, endpoint: str) -> bool:
        """As it was at that time."""
        return bool(self._recall("in_use", endpoint, otherwise=True))

    def suspect(self, endpoint: str) -> None:
        """The recording knows who was asked instead."""

    def detach(self, session: str, lease: str, endpoint: str) -> None:
        """Nothing is kept here."""

    def grammar(self) -> str:
        """The grammar that was listened with at that time."""
        return str(self._recall("grammar", "", ""))

    def record(self, exchange: Exchange) -> None:
        """Nothing is written."""

    def keep_answer(self, exchange: Exchange) -> None:
        """Nothing is written."""

    def forget(self, exchange: Exchange) -> None:
        """Nothing is written."""

    def publish(self, session: str, state: SessionState) -> None:
        """Nobody looks."""

    def voice_settings(self) -> tuple[float, float]:
        """As they were at that time."""
        rate, volume = self._recall("voice_settings", "", (1.0, 1.0))
        return float(rate), float(volume)

    def finished(self, exchange: Exchange) -> None:
        """Nothing is kept."""

    def superseded(self) -> None:
        """No other owner is here."""

    def _recall(self, kind: str, about: str, otherwise: Any) -> Any:  # noqa: ANN401 — any answer
        """What the world answered at this time; before its first answer, that one."""
        told = self._told.get((kind, about), [])
        now = [value for at_ns, value in told if at_ns <= self._now.now_ns] or [
            value for _, value in told[:1]
        ]
        return now[-1] if now else otherwise
