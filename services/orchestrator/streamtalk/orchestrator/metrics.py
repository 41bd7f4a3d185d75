"""What the orchestrator counts besides what every service does."""

from collections.abc import Callable, Mapping
from typing import Final

from streamtalk.orchestrator.breaker import State
from streamtalk.runtime.metrics import Counter, ServiceMetrics

_NUMBERS: Final[dict[State, int]] = {"closed": 0, "half_open": 1, "open": 2}


class ChainMetrics:
    """Of one stage: hand-overs by reason, trials by outcome, the state of each breaker."""

    def __init__(self, stage: str) -> None:
        self.hand_overs = Counter(f"streamtalk_{stage}_hand_overs", "reason")
        self.trials = Counter(f"streamtalk_{stage}_breaker_trials", "outcome")
        self.breakers: Callable[[], Mapping[str, State]] = dict
        """State by slot."""

        self._state_name = f"streamtalk_{stage}_breaker_state"

    def lines(self) -> list[str]:
        """All of it as text."""
        name = self._state_name
        rows = sorted(self.breakers().items())
        states = [f'{name}{{slot="{slot}"}} {_NUMBERS[state]}' for slot, state in rows]
        return [*self.hand_overs.lines(), *self.trials.lines(), f"# TYPE {name} gauge", *states]


class OrchestratorMetrics(ServiceMetrics):
    """The chains of voices and of recognisers."""

    def __init__(self) -> None:
        super().__init__("orchestrator")
        self.voices = ChainMetrics("tts")
        self.recognisers = ChainMetrics("asr")

    def render(self) -> str:
        """All of it as text."""
        lines = [*self.voices.lines(), *self.recognisers.lines()]
        return super().render() + "\n".join(lines) + "\n"
