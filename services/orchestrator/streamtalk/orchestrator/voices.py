"""The chain of voices: who is asked, how long each may take, who is left, and tried again."""

import logging
import time
from typing import Final

from streamtalk.client.caller import Caller
from streamtalk.client.directory import Addresses
from streamtalk.orchestrator.breaker import BreakerConfig, Breakers, State
from streamtalk.orchestrator.lateness import Pace
from streamtalk.orchestrator.metrics import OrchestratorMetrics
from streamtalk.orchestrator.notices import STAND_IN
from streamtalk.proto.directory import Instance
from streamtalk.proto.errors import StreamTalkError
from streamtalk.proto.health import ProveWork

_TRIAL_S: Final = 15.0
"""A canned request that takes longer has failed, whatever the instance declares."""

LATE: Final = frozenset({"stall", "first_audio"})
"""Reasons for which somebody waited in vain."""


class Voices:
    """Breakers and paces of all `tts` instances, for every session alike."""

    def __init__(
        self,
        addresses: Addresses,
        caller: Caller,
        metrics: OrchestratorMetrics,
        log: logging.Logger,
        config: BreakerConfig,
    ) -> None:
        self._addresses = addresses
        self._caller = caller
        self._metrics = metrics
        self._log = log
        self._breakers = Breakers(config)
        self._pace = Pace()
        addresses.avoids = self.avoids
        metrics.breakers = self._states

    def avoids(self, endpoint: str) -> bool:
        """Whether others are asked first."""
        return self._breakers.state(endpoint) != "closed"

    def allowed_ms(self, endpoint: str) -> float:
        """Until a piece is heard: the entry's own budget, else by what this voice took before."""
        instance = self.instance(endpoint)
        budget_ms = instance.first_audio_ms if instance is not None else 0.0
        return budget_ms or self._pace.allowed_ms(endpoint)

    def spoke(self, endpoint: str, first_audio_ms: float) -> None:
        """A piece was made."""
        self._pace.learn(endpoint, first_audio_ms)
        self._breakers.of(endpoint).succeeded()

    def left(self, endpoint: str, reason: str) -> None:
        """A voice failed in the middle of an answer, or is gone."""
        self._metrics.hand_overs.add(reason)
        self._breakers.of(endpoint).failed(time.monotonic_ns(), grave=reason in LATE)
        if self._addresses.find("tts", (endpoint,)) is not None:
            self._addresses.doubt(endpoint)

    def tick(self, now_ns: int) -> int | None:
        """Try those whose time has come; returns when to come again."""
        for endpoint in self._breakers.to_try(now_ns):
            self._try(endpoint)
        return self._breakers.next_ns()

    def keep(self, present: set[str]) -> None:
        """Forget everybody else."""
        self._pace.forget(present)
        self._breakers.forget(present)

    def instance(self, endpoint: str) -> Instance | None:
        """What the directory says of it."""
        instances = self._addresses.directory.instances
        return next((i for i in instances if i.endpoint == endpoint), None)

    def notice(self, speaking: str = "") -> str:
        """For a view: that a lower entry of the chain speaks, or would."""
        first = next(iter(self._addresses.instances("tts")), None)
        for instance in (self.instance(speaking), first):
            if instance is not None and instance.rank:
                return STAND_IN.format(engine=instance.engine)
        return ""

    def _try(self, endpoint: str) -> None:
        breaker = self._breakers.of(endpoint)

        def passed(_: object) -> None:
            breaker.passed()
            self._told(endpoint, "passed")

        def failed(error: StreamTalkError) -> None:
            if error.code == "overloaded":
                breaker.put_off(time.monotonic_ns())
            else:
                breaker.not_passed(time.monotonic_ns())
                self._told(endpoint, error.code)

        self._caller.call(endpoint, ProveWork(), _TRIAL_S, passed, failed)

    def _told(self, endpoint: str, outcome: str) -> None:
        self._metrics.trials.add("passed" if outcome == "passed" else "failed")
        instance = self.instance(endpoint)
        fields = {"slot": instance.slot if instance else "", "outcome": outcome}
        self._log.info("voice tried", extra={"fields": fields})

    def _states(self) -> dict[str, State]:
        voices = (i for i in self._addresses.directory.instances if i.service == "tts")
        return {i.slot: self._breakers.state(i.endpoint) for i in voices}
