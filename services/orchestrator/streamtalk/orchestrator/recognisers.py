"""The chain of recognisers: a turn whose engine errs or hangs is heard by the next one."""

import logging

from streamtalk.client.caller import Caller
from streamtalk.client.directory import Addresses
from streamtalk.orchestrator.breaker import BreakerConfig
from streamtalk.orchestrator.chain import Chain
from streamtalk.orchestrator.metrics import OrchestratorMetrics
from streamtalk.orchestrator.notices import STAND_IN
from streamtalk.proto.errors import EngineError, LanguageError, StreamTalkError


class Recognisers(Chain):
    """Breakers of all `asr` instances, for every session alike."""

    def __init__(
        self,
        addresses: Addresses,
        caller: Caller,
        metrics: OrchestratorMetrics,
        log: logging.Logger,
        config: BreakerConfig,
    ) -> None:
        super().__init__("asr", addresses, caller, metrics.recognisers, log, config)

    def succeeded(self, endpoint: str) -> None:
        """A transcript came in its time."""
        self._succeeded(endpoint)

    def erred(self, endpoint: str, error: StreamTalkError) -> None:
        """A call failed; one that the engine is not to blame for says nothing of it."""
        if isinstance(error, EngineError) and not isinstance(error, LanguageError):
            self._failed(endpoint, error.code, grave=False)
            self._say(endpoint, error.code)

    def late(self, endpoint: str) -> None:
        """A transcript takes longer than the length of its audio allows."""
        self._failed(endpoint, "late", grave=True)
        self._say(endpoint, "late")

    def notice(self) -> str:
        """For a view: that a lower entry of the chain listens."""
        instance = self.stand_in()
        return STAND_IN["asr"].format(engine=instance.engine) if instance is not None else ""

    def _say(self, endpoint: str, reason: str) -> None:
        """The one line of a hand-over."""
        instance = self.instance(endpoint)
        fields = {"from_slot": instance.slot if instance else "", "reason": reason}
        self._log.warning("recogniser left", extra={"fields": fields})
