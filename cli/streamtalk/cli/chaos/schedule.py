"""What a soak does when: rubbish, swaps, kills and samples, each at its own period. Pure."""

from dataclasses import dataclass
from itertools import cycle
from typing import Final, Literal

from streamtalk.cli.chaos.plan import SERVICES
from streamtalk.proto.directory import MODEL_SERVICES

Kind = Literal["rubbish", "swap", "kill", "sample"]
PERIODS_S: Final[dict[Kind, float]] = {
    "rubbish": 300.0,
    "swap": 3_600.0,
    "kill": 7_200.0,
    "sample": 30.0,
}
TURN_S: Final = 10.0
"""From one turn of a session to the next."""


@dataclass(frozen=True)
class Deed:
    """Something to do, and to whom; only swaps and kills have a target."""

    kind: Kind
    target: str = ""


class Schedule:
    """Periods divided by `pace`; what is due together is done one after another."""

    def __init__(self, pace: float) -> None:
        self._period_s = {
            kind: period_s / (1.0 if kind == "sample" else pace)
            for kind, period_s in PERIODS_S.items()
        }
        self._next_s = dict(self._period_s)
        self._next_s["sample"] = 0.0
        # In the middle between two swaps, so that neither meets the other.
        self._next_s["kill"] -= self._period_s["swap"] / 2
        self._targets = {"swap": cycle(MODEL_SERVICES), "kill": cycle(SERVICES)}

    def due(self, at_s: float) -> list[Deed]:
        """What is to be done `at_s` seconds after the begin."""
        deeds = []
        for kind, next_s in self._next_s.items():
            if at_s >= next_s:
                self._next_s[kind] = next_s + self._period_s[kind]
                targets = self._targets.get(kind)
                deeds.append(Deed(kind, next(targets) if targets else ""))
        return deeds
