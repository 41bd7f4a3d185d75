"""What one case or one check came to, and which promise it broke. Pure."""

from typing import Any, Final

import msgspec

from streamtalk.cli.chaos.account import Account, lost_lines
from streamtalk.cli.chaos.script import PIECE_MS

MIC_LOST_MS: Final = 200
"""Microphone audio that a killed service may cost."""

GROWTH_MB: Final = 50.0


class Outcome(msgspec.Struct, kw_only=True):
    """One fault of the matrix, in one seed."""

    case: str
    seed: int
    observed: bool = True
    """Whether the phase was seen; else nothing was done."""

    recovered: bool = False
    """Everybody was answered to something said after the fault, and the victim is back."""

    detect_ms: float | None = None
    back_ms: float | None = None
    load_ms: float = 0.0
    recover_ms: float | None = None
    """From the fault until everybody has been answered to something said later."""

    gap_ms: float = 0.0
    repeated_ms: int = 0
    missing_ms: int = 0
    mic_lost_ms: int = 0
    turns: int = 0
    told: int = 0
    lost: int = 0
    lost_names: list[str] = []
    """Which utterances were lost: session and number."""

    missing: str = ""
    """Where it did not recover: who was not answered, and which services were away."""

    logs: str = ""
    """Where the stack's logs were kept, if anything was lost."""

    growth_mb: float = 0.0


class Check(msgspec.Struct, kw_only=True):
    """One row outside the matrix."""

    check: str
    seed: int = 0
    asked: str = ""
    measured: dict[str, Any] = {}
    broken: list[str] = []
    logs: str = ""
    """Where the stack's logs were kept, if a promise was broken and the stack was still there."""

    skipped: str = ""
    """Why it could not be done here."""


def broken_promises(outcome: Outcome) -> list[str]:
    """What was lost that must not be; times are never in it."""
    if not outcome.observed:
        return []
    found = []
    if not outcome.recovered:
        found.append(f"not everybody was answered again: {outcome.missing}")
    if outcome.lost:
        names = ", ".join(outcome.lost_names)
        found.append(f"{outcome.lost} utterances lost in silence: {names}")
    if outcome.missing_ms:
        found.append(f"{outcome.missing_ms} ms of a reply were missing")
    if outcome.repeated_ms > PIECE_MS:
        found.append(f"{outcome.repeated_ms} ms were said twice")
    allowed_ms = 0 if " bus " in outcome.case else MIC_LOST_MS
    if outcome.mic_lost_ms > allowed_ms:
        found.append(f"{outcome.mic_lost_ms} ms of the microphone were lost")
    if outcome.growth_mb > GROWTH_MB:
        found.append(f"a process grew by {outcome.growth_mb} MiB")
    return found


def broken_talk(account: Account) -> list[str]:
    """The same of a talk in which nothing may go wrong."""
    found = lost_lines(account)
    if account.told:
        found.append(f"{account.told} turns ended in an error")
    return found
