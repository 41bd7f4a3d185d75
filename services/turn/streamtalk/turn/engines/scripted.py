"""An engine of exact cost and exact output, for load, benchmarks and deterministic tests."""

import hashlib
import time
from typing import Final

from streamtalk.proto.endpointing import Predict, Prediction
from streamtalk.turn.config import ScriptedSettings

_BLOCK: Final = bytes(8_192)
"""Large enough that hashlib releases the GIL, small enough to meet 0.1 ms."""


def burn_cpu(cost_ms: float, *, hold_gil: bool) -> None:
    """Spend this much CPU time of the calling thread, with or without the GIL."""
    end_s = time.thread_time() + cost_ms / 1000
    while time.thread_time() < end_s:
        if hold_gil:
            sum(range(200))
        else:
            hashlib.sha256(_BLOCK)


class ScriptedEngine:
    """Answers what was configured, at the cost that was configured."""

    features: tuple[str, ...] = ("uses_text",)

    def __init__(self, settings: ScriptedSettings) -> None:
        self._settings = settings

    def load(self) -> None:
        """Nothing to load."""

    def predict(self, request: Predict) -> Prediction:
        """The scripted answer to this text."""
        settings = self._settings
        burn_cpu(settings.cost_ms, hold_gil=settings.hold_gil)
        if request.text in settings.unfinished:
            return Prediction(
                finished=1.0 - settings.finished,
                commit_after_ms=settings.unfinished_after_ms,
                label="unfinished",
            )
        return Prediction(
            finished=settings.finished,
            commit_after_ms=settings.commit_after_ms,
            label=settings.label,
        )
