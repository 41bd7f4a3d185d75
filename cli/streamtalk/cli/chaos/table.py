"""The result as a table: what was asked beside what was measured, and what was lost. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from streamtalk.cli.bench_machine import percentile
from streamtalk.cli.chaos.outcome import Check, Outcome, broken_promises

_ASKED: Final = {
    "kill": {"detect": "200", "back": "2000 + load", "gap": "2000 + load"},
    "stop": {"detect": "4000", "back": "6000 + load", "gap": "6000 + load"},
    "wedge": {"detect": "budget + 2000", "back": "budget + 4000", "gap": "6000 + load"},
}
"""Milliseconds, p95."""

_ASKED_GAP_WARM: Final = {"kill": "400", "stop": "650", "wedge": "650"}


@dataclass
class Found:
    """All that a run came to."""

    outcomes: list[Outcome] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    machine: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def document(self) -> dict[str, Any]:
        """For programs."""
        return {
            "cases": rows(self.outcomes),
            "outcomes": msgspec.to_builtins(self.outcomes),
            "checks": msgspec.to_builtins(self.checks),
            "lost": losses(self),
            "machine": self.machine,
            "seconds": self.seconds,
        }


def losses(found: Found) -> list[str]:
    """Every promise that was broken, with the case and the seed."""
    cases = [
        f"{outcome.case}, seed {outcome.seed}: {what}"
        for outcome in found.outcomes
        for what in broken_promises(outcome)
    ]
    checks = [
        f"{check.check}, seed {check.seed}: {what}"
        for check in found.checks
        for what in check.broken
    ]
    return [*cases, *checks]


def spread(values: Sequence[float | None]) -> list[int] | None:
    """Median and 95th percentile of the values that are known, whole milliseconds."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    return [round(percentile(known, 0.5)), round(percentile(known, 0.95))]


def asked(case: str) -> dict[str, str]:
    """Milliseconds that a case may take, p95."""
    fault = case.split(maxsplit=1)[0]
    gap = {"gap": _ASKED_GAP_WARM[fault]} if " x2 " in case else {}
    return {**_ASKED[fault], **gap}


def rows(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """One row for each case, over all seeds."""
    names = sorted({outcome.case for outcome in outcomes})
    return [_row(name, [o for o in outcomes if o.case == name]) for name in names]


def _row(name: str, all_of_it: Sequence[Outcome]) -> dict[str, Any]:
    seen = [outcome for outcome in all_of_it if outcome.observed]
    return {
        "case": name,
        "planned": len(all_of_it),
        "observed": len(seen),
        "recovered": sum(outcome.recovered for outcome in seen),
        "detect_ms": spread([outcome.detect_ms for outcome in seen]),
        "back_ms": spread([outcome.back_ms for outcome in seen]),
        "load_ms": spread([outcome.load_ms for outcome in seen]),
        "gap_ms": spread([outcome.gap_ms for outcome in seen]),
        "asked_ms": asked(name),
        "repeated_ms": max((o.repeated_ms for o in seen), default=0),
        "missing_ms": max((o.missing_ms for o in seen), default=0),
        "mic_lost_ms": max((o.mic_lost_ms for o in seen), default=0),
        "turns": sum(o.turns for o in seen),
        "told": sum(o.told for o in seen),
        "lost": sum(o.lost for o in seen),
        "growth_mb": max((o.growth_mb for o in seen), default=0.0),
    }


_HEADS: Final = (
    "recovered",
    "detect p50/p95",
    "asked",
    "back p50/p95",
    "asked",
    "gap p50/p95",
    "asked",
    "said twice",
    "mic lost",
    "told",
    "lost",
    "+MiB",
)
_WIDTHS: Final = (9, 14, 13, 13, 13, 11, 11, 10, 8, 7, 4, 5)


def lines(found: Found) -> Iterator[str]:
    """The tables for a person; times in milliseconds."""
    if found.outcomes:
        yield f"{'fault, service, phase':26}" + _cells(_HEADS)
    for row in rows(found.outcomes):
        yield f"{row['case']:26}" + _cells(_of(row))
    missed = [o for o in found.outcomes if not o.observed]
    if missed:
        named = ", ".join(sorted({o.case for o in missed}))
        yield f"{len(missed)} of {len(found.outcomes)} never met their phase: {named}"
    for check in found.checks:
        yield from _check_lines(check)
    lost = losses(found)
    yield f"LOST: {len(lost)}" if lost else "nothing that is promised was lost"
    yield from (f"  {line}" for line in lost)


def _of(row: dict[str, Any]) -> Sequence[str]:
    asks = row["asked_ms"]
    return (
        f"{row['recovered']}/{row['observed']}",
        _pair(row["detect_ms"]),
        asks["detect"],
        _pair(row["back_ms"]),
        asks["back"],
        _pair(row["gap_ms"]),
        asks["gap"],
        str(row["repeated_ms"]),
        str(row["mic_lost_ms"]),
        f"{row['told']}/{row['turns']}",
        str(row["lost"]),
        str(row["growth_mb"]),
    )


def _check_lines(check: Check) -> Iterator[str]:
    if check.skipped:
        yield f"{check.check}: not done here: {check.skipped}"
        return
    measured = ", ".join(f"{name} {value}" for name, value in check.measured.items())
    verdict = "LOST" if check.broken else "kept"
    yield f"{check.check}: {verdict}; {measured}"
    yield f"    asked: {check.asked}"


def _cells(cells: Sequence[str]) -> str:
    return "  ".join(f"{cell:>{width}}" for cell, width in zip(cells, _WIDTHS, strict=True))


def _pair(values: list[int] | None) -> str:
    return f"{values[0]}/{values[1]}" if values else "-"
