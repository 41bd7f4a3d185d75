"""The chain of voices: who is asked, how long each may take, who is left, and tried again."""

import logging
from typing import Final

from streamtalk.client.caller import Caller
from streamtalk.client.directory import Addresses
from streamtalk.orchestrator.breaker import BreakerConfig
from streamtalk.orchestrator.chain import Chain
from streamtalk.orchestrator.lateness import Pace
from streamtalk.orchestrator.metrics import OrchestratorMetrics
from streamtalk.orchestrator.notices import STAND_IN

LATE: Final = frozenset({"stall", "first_audio"})
"""Reasons for which somebody waited in vain."""


class Voices(Chain):
    """Breakers and paces of all `tts` instances, for every session alike."""

    def __init__(
        self,
        addresses: Addresses,
        caller: Caller,
        metrics: OrchestratorMetrics,
        log: logging.Logger,
        config: BreakerConfig,
    ) -> None:
        super().__init__("tts", addresses, caller, metrics.voices, log, config)
        self._pace = Pace()

    def allowed_ms(self, endpoint: str) -> float:
        """Until a piece is heard: the entry's own budget, else by what this voice took before."""
        instance = self.instance(endpoint)
        budget_ms = instance.first_audio_ms if instance is not None else 0.0
        return budget_ms or self._pace.allowed_ms(endpoint)

    def spoke(self, endpoint: str, first_audio_ms: float) -> None:
        """A piece was made."""
        self._pace.learn(endpoint, first_audio_ms)
        self._succeeded(endpoint)

    def left(self, endpoint: str, reason: str) -> None:
        """A voice failed in the middle of an answer, or is gone."""
        self._failed(endpoint, reason, grave=reason in LATE)
        if self._addresses.find("tts", (endpoint,)) is not None:
            self._addresses.doubt(endpoint)

    def keep(self, present: set[str]) -> None:
        """Forget everybody else."""
        super().keep(present)
        self._pace.forget(present)

    def notice(self, speaking: str = "") -> str:
        """For a view: that a lower entry of the chain speaks, or would."""
        instance = self.stand_in(speaking)
        return STAND_IN["tts"].format(engine=instance.engine) if instance is not None else ""
