"""What the orchestrator counts besides what every service does."""

from collections.abc import Callable, Mapping
from typing import Final

from streamtalk.orchestrator.breaker import State
from streamtalk.runtime.metrics import Counter, ServiceMetrics

_NUMBERS: Final[dict[State, int]] = {"closed": 0, "half_open": 1, "open": 2}


class OrchestratorMetrics(ServiceMetrics):
    """Hand-overs from voice to voice by reason, trials by outcome, the state of each breaker."""

    def __init__(self) -> None:
        super().__init__("orchestrator")
        self.hand_overs = Counter("streamtalk_tts_hand_overs", "reason")
        self.trials = Counter("streamtalk_tts_breaker_trials", "outcome")
        self.breakers: Callable[[], Mapping[str, State]] = dict
        """State by slot."""

    def render(self) -> str:
        """All of it as text."""
        name = "streamtalk_tts_breaker_state"
        rows = sorted(self.breakers().items())
        states = [f'{name}{{slot="{slot}"}} {_NUMBERS[state]}' for slot, state in rows]
        lines = [*self.hand_overs.lines(), *self.trials.lines(), f"# TYPE {name} gauge", *states]
        return super().render() + "\n".join(lines) + "\n"
