"""Which Whisper a machine can afford: the largest whose final stays within a second of the pause.

Pure: it takes what the machine was measured to do with the smallest shape, and knows how much more
the others compute.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from streamtalk.asr.whisper.speed import Speed

LIMIT_MS: Final = 1_000.0
"""From the pause to the final text."""

_TAIL_TOKENS: Final = 12
"""What is left to decode at the pause: partials have settled the rest."""


@dataclass(frozen=True)
class Relative:
    """How many times what `tiny` takes."""

    encode: float
    token: float


MODELS: Final[Mapping[str, Relative]] = MappingProxyType(
    {
        "tiny": Relative(1.0, 1.0),
        "base": Relative(2.1, 2.4),
        "small": Relative(7.7, 9.3),
        "medium": Relative(23.0, 40.0),
        "large-v3-turbo": Relative(43.0, 11.0),
    }
)
"""What `auto` chooses from, the best last.

The first three are measured: one x86-64 core, int8, random weights, beams as in `balanced`; the
encoder of large-v3-turbo on two cores. The others follow by their multiplications, to the power
that fits these (0.9 of the encoder, 1.4 of the decoder).
"""


@dataclass(frozen=True)
class Choice:
    """A model, and why."""

    model: str
    cost_ms: float
    reason: str


def cost_ms(model: str, speed: Speed) -> float:
    """Expected time from the pause to the final text, by the speed of `tiny` here."""
    relative = MODELS[model]
    return relative.encode * speed.encode_ms + _TAIL_TOKENS * relative.token * speed.token_ms


def choose(speed: Speed, models: Sequence[str] = tuple(MODELS)) -> Choice | None:
    """The best of `models` that is quick enough, else the quickest; None where there are none."""
    known = [name for name in MODELS if name in models]
    if not known:
        return None
    quick = [name for name in known if cost_ms(name, speed) <= LIMIT_MS]
    model = quick[-1] if quick else known[0]
    cost = cost_ms(model, speed)
    return Choice(model, cost, _reason(model, speed, known, quick=bool(quick)))


def _reason(model: str, speed: Speed, known: Sequence[str], *, quick: bool) -> str:
    cost_s = cost_ms(model, speed) / 1_000.0
    if not quick:
        limit_s = LIMIT_MS / 1_000.0
        return f"none stays within {limit_s:.0f} s of the pause here, {model} takes {cost_s:.1f} s"
    words = f"{model} is expected to take {cost_s:.1f} s after the pause here"
    names = list(MODELS)
    larger = names[names.index(model) + 1 :]
    if not larger:
        return words
    missing = cost_ms(larger[0], speed) <= LIMIT_MS and larger[0] not in known
    there = ", but is not on this machine" if missing else ""
    return f"{words}, {larger[0]} {cost_ms(larger[0], speed) / 1_000:.1f} s{there}"
