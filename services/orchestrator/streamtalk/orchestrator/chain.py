"""The chain of a stage as callers see it: who is left alone, tried again, and used again."""

import logging
import time
from typing import Final

from streamtalk.client.caller import Caller
from streamtalk.client.directory import Addresses
from streamtalk.orchestrator.breaker import BreakerConfig, Breakers, State
from streamtalk.orchestrator.metrics import ChainMetrics
from streamtalk.proto.directory import Instance
from streamtalk.proto.errors import StreamTalkError
from streamtalk.proto.health import ProveWork

_TRIAL_S: Final = 15.0
"""A canned request that takes longer has failed, whatever the instance declares."""


class Chain:
    """Breakers of all instances of one stage, for every session alike."""

    def __init__(
        self,
        stage: str,
        addresses: Addresses,
        caller: Caller,
        metrics: ChainMetrics,
        log: logging.Logger,
        config: BreakerConfig,
    ) -> None:
        self._stage = stage
        self._addresses = addresses
        self._caller = caller
        self._metrics = metrics
        self._log = log
        self._breakers = Breakers(config)
        others = addresses.avoids
        addresses.avoids = lambda endpoint: self.avoids(endpoint) or others(endpoint)
        metrics.breakers = self._states

    def avoids(self, endpoint: str) -> bool:
        """Whether others are asked first."""
        return self._breakers.state(endpoint) != "closed"

    def tick(self, now_ns: int) -> int | None:
        """Try those whose time has come; returns when to come again."""
        for endpoint in self._breakers.to_try(now_ns):
            self._try(endpoint)
        return self._breakers.next_ns()

    def keep(self, present: set[str]) -> None:
        """Forget everybody else."""
        self._breakers.forget(present)

    def instance(self, endpoint: str) -> Instance | None:
        """What the directory says of it."""
        instances = self._addresses.directory.instances
        return next((i for i in instances if i.endpoint == endpoint), None)

    def stand_in(self, working: str = "") -> Instance | None:
        """The lower entry of the chain that works, or would; None where it is the first one.

        `working`: the endpoint that is at work now.
        """
        first = next(iter(self._addresses.instances(self._stage)), None)
        found = (self.instance(working), first)
        return next((i for i in found if i is not None and i.rank), None)

    def _failed(self, endpoint: str, reason: str, *, grave: bool) -> None:
        """Somebody gave it up; `grave`: who waited for it in vain."""
        self._metrics.hand_overs.add(reason)
        self._breakers.of(endpoint).failed(time.monotonic_ns(), grave=grave)

    def _succeeded(self, endpoint: str) -> None:
        self._breakers.of(endpoint).succeeded()

    def _try(self, endpoint: str) -> None:
        breaker = self._breakers.of(endpoint)

        def passed(_: object) -> None:
            """It is used again."""
            breaker.passed()
            self._told(endpoint, "passed")

        def failed(error: StreamTalkError) -> None:
            """It waits longer."""
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
        self._log.info(f"{self._stage} tried", extra={"fields": fields})

    def _states(self) -> dict[str, State]:
        found = (i for i in self._addresses.directory.instances if i.service == self._stage)
        return {i.slot: self._breakers.state(i.endpoint) for i in found}
