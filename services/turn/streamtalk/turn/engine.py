"""What an engine that judges the end of a turn implements, and the table of those there are."""

from typing import Final, Protocol

from streamtalk.proto.endpointing import Predict, Prediction
from streamtalk.runtime.engine_table import EngineSpec


class TurnEngine(Protocol):
    """Judges the end of a turn; called from one thread."""

    features: tuple[str, ...]
    """What it judges by: `uses_text`, `uses_audio`."""

    def load(self) -> None:
        """Load the model, if there is one; raises EngineMissingError."""
        ...

    def predict(self, request: Predict) -> Prediction:
        """The probability that the turn is over, and how much silence is enough."""
        ...


ENGINES: Final = {
    "rules": EngineSpec("streamtalk.turn.engines.rules:RulesEngine"),
    "scripted": EngineSpec("streamtalk.turn.engines.scripted:ScriptedEngine"),
}
"""Every engine by the name that configuration uses."""

AUTO: Final = "rules"
"""What `auto` means: the engine that is always there."""
