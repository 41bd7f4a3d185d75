"""Silence and text rules, English and Chinese: no model, some microseconds."""

from typing import Final

from streamtalk.proto.endpointing import Predict, Prediction
from streamtalk.turn import chinese, english
from streamtalk.turn.config import RulesSettings
from streamtalk.turn.verdict import UNKNOWN, Verdict

_SURE: Final = 0.9
_UNSURE: Final = 0.5
_UNLIKELY: Final = 0.1


class RulesEngine:
    """Judges by the words; silence is what the judgement asks for."""

    features: tuple[str, ...] = ("uses_text",)

    def __init__(self, settings: RulesSettings) -> None:
        self._settings = settings

    def load(self) -> None:
        """Nothing to load."""

    def predict(self, request: Predict) -> Prediction:
        """The verdict of the language's rules; any other language waits the middle time."""
        verdict = judge(request.text, request.language)
        return Prediction(
            finished=verdict.finished,
            commit_after_ms=self._silence_ms(verdict),
            label=verdict.label,
        )

    def _silence_ms(self, verdict: Verdict) -> float:
        settings = self._settings
        if verdict.label == "wait":
            return settings.bound_ms
        if verdict.label == "backchannel":
            return min(settings.patient_ms, settings.bound_ms)
        return min(self._between(verdict.finished), settings.bound_ms)

    def _between(self, finished: float) -> float:
        settings = self._settings
        if finished >= _UNSURE:
            share = min(1.0, (finished - _UNSURE) / (_SURE - _UNSURE))
            return settings.middle_ms + share * (settings.quick_ms - settings.middle_ms)
        share = min(1.0, (_UNSURE - finished) / (_UNSURE - _UNLIKELY))
        return settings.middle_ms + share * (settings.patient_ms - settings.middle_ms)


def judge(text: str, language: str = "auto") -> Verdict:
    """The verdict of the rules for `language`, or for the script of the text."""
    if not text.strip():
        return UNKNOWN
    if chinese.is_chinese(text):
        return chinese.judge(text)
    if language in ("auto", "en"):
        return english.judge(text)
    return UNKNOWN
