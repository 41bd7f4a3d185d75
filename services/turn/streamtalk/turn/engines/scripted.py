"""An engine of exact cost and exact output, for load, benchmarks and deterministic tests."""

from streamtalk.proto.endpointing import Predict, Prediction
from streamtalk.runtime.burn import burn
from streamtalk.runtime.fault import go_wrong, hang_when_told
from streamtalk.turn.config import ScriptedSettings


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
        hang_when_told(settings.hang_file, hold_gil=settings.hold_gil)
        if settings.fault_text in request.text:
            go_wrong(settings.fault, hold_gil=settings.hold_gil)
        burn(settings.cost_ms, hold_gil=settings.hold_gil)
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
