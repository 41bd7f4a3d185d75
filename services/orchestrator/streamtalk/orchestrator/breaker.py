"""Circuit breakers: who has failed is left alone, tried after a while, and used again; no clock.

Closed, calls pass. Open, others are called first. After a time that doubles with every failed trial
the breaker is half-open: the instance does its canned request, which nobody hears, and a right
answer closes it. As in M. Nygard, "Release It!", with the trial taken out of people's way.
"""

from typing import Annotated, Literal

import msgspec

State = Literal["closed", "half_open", "open"]
"""In the order of the numbers that metrics show: 0, 1, 2."""


class BreakerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[orchestrator.breaker]` table."""

    failures: Annotated[int, msgspec.Meta(ge=1, le=100)] = 2
    """So many failed calls in a row open it; one that was late does at once."""

    open_s: Annotated[float, msgspec.Meta(gt=0.0, le=3_600.0)] = 2.0
    """Until the first trial."""

    open_max_s: Annotated[float, msgspec.Meta(gt=0.0, le=86_400.0)] = 60.0
    """The wait between trials grows no longer than that."""

    again_s: Annotated[float, msgspec.Meta(gt=0.0, le=60.0)] = 0.5
    """When to ask again where the instance was at work and had no time for the trial."""


class Breaker:
    """The breaker of one instance."""

    def __init__(self, config: BreakerConfig) -> None:
        self._config = config
        self._failures = 0
        self._opened = 0
        """How often it opened, less the calls that went well since."""

        self._trial_ns = 0
        self.state: State = "closed"

    def failed(self, now_ns: int, *, grave: bool) -> None:
        """A call failed; `grave`: somebody waited for it in vain, and is not to do so again."""
        self._failures += 1
        if self.state == "closed" and (grave or self._failures >= self._config.failures):
            self._open(now_ns)

    def succeeded(self) -> None:
        """A call went well, whoever asked for it."""
        self.state, self._failures = "closed", 0
        self._opened = max(0, self._opened - 1)

    def trial_ns(self) -> int | None:
        """When the instance is to be tried; None while it is not."""
        return self._trial_ns if self.state == "open" else None

    def try_it(self) -> None:
        """The trial begins."""
        self.state = "half_open"

    def passed(self) -> None:
        """The trial went well. What it has shown counts less than real work: no wait is reset."""
        if self.state == "half_open":
            self.state, self._failures = "closed", 0

    def not_passed(self, now_ns: int) -> None:
        """The trial went wrong: the next one is later."""
        if self.state == "half_open":
            self._open(now_ns)

    def put_off(self, now_ns: int) -> None:
        """The instance had no time for the trial: that says nothing."""
        if self.state == "half_open":
            self.state = "open"
            self._trial_ns = now_ns + int(self._config.again_s * 1e9)

    def _open(self, now_ns: int) -> None:
        wait_s = min(self._config.open_s * 2.0 ** min(self._opened, 32), self._config.open_max_s)
        self._opened += 1
        self._failures = 0
        self.state, self._trial_ns = "open", now_ns + int(wait_s * 1e9)


class Breakers:
    """One breaker for each endpoint; a new process begins with a closed one."""

    def __init__(self, config: BreakerConfig) -> None:
        self._config = config
        self._breakers: dict[str, Breaker] = {}

    def of(self, endpoint: str) -> Breaker:
        """The breaker of an instance."""
        return self._breakers.setdefault(endpoint, Breaker(self._config))

    def state(self, endpoint: str) -> State:
        """Closed for an instance that nothing is known of."""
        breaker = self._breakers.get(endpoint)
        return "closed" if breaker is None else breaker.state

    def to_try(self, now_ns: int) -> list[str]:
        """Begin the trials that are due; returns whose."""
        due = []
        for endpoint, breaker in self._breakers.items():
            trial_ns = breaker.trial_ns()
            if trial_ns is not None and trial_ns <= now_ns:
                breaker.try_it()
                due.append(endpoint)
        return due

    def next_ns(self) -> int | None:
        """When the next trial is due."""
        trials = (breaker.trial_ns() for breaker in self._breakers.values())
        return min((at_ns for at_ns in trials if at_ns is not None), default=None)

    def forget(self, present: set[str]) -> None:
        """Keep only these."""
        self._breakers = {name: b for name, b in self._breakers.items() if name in present}
