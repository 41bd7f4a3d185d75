"""Which faults, where, when and in which order: the same plan for the same seed. Pure."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Final, Literal

from streamtalk.proto.directory import MODEL_SERVICES

Phase = Literal["I", "L", "T", "G", "S", "B"]
"""Idle, person speaks, transcribing, generating, speaking, barge-in."""

Fault = Literal["kill", "stop", "wedge"]

PHASES: Final[tuple[Phase, ...]] = ("I", "L", "T", "G", "S", "B")
SERVICES: Final = (
    "bus",
    "registry",
    "vad",
    "turn",
    "asr",
    "tts",
    "orchestrator",
    "watchdog",
)
_WORKS_IN: Final[dict[str, tuple[Phase, ...]]] = {
    "vad": ("I", "L"),
    "turn": ("T",),
    "asr": ("T",),
    "tts": ("G", "S"),
}
"""Phases in which an engine is called, and so can hang."""

_SHORT: Final = (
    "kill vad L",
    "kill asr T",
    "kill tts S",
    "kill tts x2 S",
    "kill orchestrator G",
    "kill bus S",
    "stop tts x2 S",
    "stop vad L",
    "wedge tts S",
)


@dataclass(frozen=True)
class Case:
    """One fault at one moment."""

    fault: Fault
    service: str
    phase: Phase
    replicas: int = 1

    @property
    def name(self) -> str:
        """As it stands in the table."""
        copies = f" x{self.replicas}" if self.replicas > 1 else ""
        return f"{self.fault} {self.service}{copies} {self.phase}"


def matrix() -> list[Case]:
    """Every fault of every service in every phase that it can be met in."""
    plain = [
        Case(fault, service, phase)
        for fault in ("kill", "stop")
        for service in SERVICES
        for phase in PHASES
    ]
    wedges = [
        Case("wedge", service, phase) for service in MODEL_SERVICES for phase in _WORKS_IN[service]
    ]
    warm = [Case(fault, "tts", "S", 2) for fault in ("kill", "stop", "wedge")]
    return [*plain, *wedges, *warm]


def plan(seed: int, patterns: Sequence[str] = (), *, short: bool = False) -> list[Case]:
    """The cases of one seed in their order; those with a second voice last, on their own stack."""
    cases = [case for case in matrix() if not short or case.name in _SHORT]
    if patterns:
        cases = [case for case in cases if any(fnmatch(case.name, p) for p in patterns)]
    random.Random(seed).shuffle(cases)  # noqa: S311 — an order, not a key
    return sorted(cases, key=lambda case: case.replicas)
