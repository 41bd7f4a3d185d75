"""A whole run: the cases of each seed on shared stacks, then the checks beside the matrix."""

import time
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatch
from functools import partial
from typing import Final

from streamtalk.cli.bench_machine import Meter
from streamtalk.cli.chaos import checks
from streamtalk.cli.chaos.conductor import Conductor
from streamtalk.cli.chaos.crowd import People
from streamtalk.cli.chaos.outcome import Check, Outcome, broken_promises
from streamtalk.cli.chaos.plan import Case, plan
from streamtalk.cli.chaos.scene import Scene
from streamtalk.cli.chaos.table import Found
from streamtalk.proto.errors import ConfigError, StreamTalkError

BARGE_SHARE: Final = 0.2


class Run:
    """Everything that matches the patterns; `tell` hears of each case when it is over."""

    def __init__(
        self, sessions: int, patterns: Sequence[str], *, short: bool, tell: Callable[[str], None]
    ) -> None:
        self._sessions = sessions
        self._patterns = patterns
        self._short = short
        self._tell = tell
        self._found = Found()

    def all(self, seeds: Iterable[int]) -> Found:
        """The matrix for each seed, the checks with the first of them."""
        given = list(seeds)
        self._refuse_empty(given[0])
        meter, began_s = Meter(), time.monotonic()
        for seed in given:
            self._matrix(plan(seed, self._patterns, short=self._short), seed)
        self._on_one_stack(given[0])
        for name, check in checks.alone(self._sessions, given[0], short=self._short).items():
            if self._wanted(name):
                self._check(name, check, given[0])
        self._found.machine = meter.stop()
        self._found.seconds = round(time.monotonic() - began_s, 1)
        return self._found

    def _refuse_empty(self, seed: int) -> None:
        names = [
            *(case.name for case in plan(seed, short=self._short)),
            *checks.on_one_stack(seed, short=self._short),
            *checks.alone(self._sessions, seed, short=self._short),
        ]
        if not any(map(self._wanted, names)):
            message = f"nothing matches {', '.join(self._patterns)}: choose of {', '.join(names)}"
            raise ConfigError(message)

    def _wanted(self, name: str) -> bool:
        return not self._patterns or any(fnmatch(name, pattern) for pattern in self._patterns)

    def _on_one_stack(self, seed: int) -> None:
        """A stack whose promise was broken is no ground for the next check."""
        left = [
            (name, check)
            for name, check in checks.on_one_stack(seed, short=self._short).items()
            if self._wanted(name)
        ]
        while left:
            with Scene(People(self._sessions, seed)) as scene:
                well = True
                while well and left:
                    name, check = left.pop(0)
                    well = not self._check(name, partial(check, scene), seed).broken
                    if not well:
                        self._keep(self._found.checks[-1], scene)

    def _matrix(self, cases: list[Case], seed: int) -> None:
        """A stack that does not recover is replaced; cases with another voice need another one."""
        while cases:
            replicas = cases[0].replicas
            scene = Scene(People(self._sessions, seed, BARGE_SHARE), replicas=replicas)
            with scene:
                conductor, well = Conductor(scene, seed), True
                while well and cases and cases[0].replicas == replicas:
                    outcome = conductor.run(cases.pop(0))
                    if broken_promises(outcome):
                        outcome.logs = scene.keep_logs(outcome.case)
                    self._note(outcome)
                    well = outcome.recovered or not outcome.observed

    def _note(self, outcome: Outcome) -> None:
        self._found.outcomes.append(outcome)
        lost = "; ".join(broken_promises(outcome))
        seen = f"back after {outcome.back_ms or 0:.0f} ms" if outcome.observed else "phase not met"
        self._tell(f"{outcome.case}, seed {outcome.seed}: {lost or seen}")
        if outcome.logs:
            self._tell(f"{outcome.case}, seed {outcome.seed}: logs are kept in {outcome.logs}")

    def _keep(self, found: Check, scene: Scene) -> None:
        found.logs = scene.keep_logs(found.check)
        self._tell(f"{found.check}: logs are kept in {found.logs}")

    def _check(self, name: str, check: Callable[[], Check], seed: int) -> Check:
        try:
            found = check()
        except StreamTalkError as error:
            found = Check(check=name, broken=[f"it could not be carried out: {error}"])
        found.seed = seed
        self._found.checks.append(found)
        self._tell(f"{name}: {'; '.join(found.broken) or found.skipped or 'kept'}")
        return found
