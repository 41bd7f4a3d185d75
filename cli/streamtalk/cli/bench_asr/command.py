"""The kinds of `streamtalk bench asr`, each with the machine's load beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamtalk.asr.streaming.scripted import Cost
from streamtalk.cli import bench_pipeline
from streamtalk.cli.bench_asr import measuring
from streamtalk.cli.bench_asr import streaming as streams
from streamtalk.cli.bench_asr import trust as judging
from streamtalk.cli.bench_asr.recordings import Row
from streamtalk.cli.bench_asr.recordings import rows as rows_of
from streamtalk.cli.bench_machine import Meter
from streamtalk.proto.errors import InputError

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Choice:
    """What is measured."""

    engines: list[str]
    settings: list[str]
    language: str
    limit: int
    paced: bool

    def rows(self, folder: Path) -> list[Row]:
        """The recordings with a transcript; raises InputError where there are none."""
        found = [
            row
            for row in rows_of(folder)
            if row.transcript and self.language in {"", (row.language or "").partition("-")[0]}
        ]
        if not found:
            raise InputError(f"{folder} names no recording with a transcript in that language")
        return found[: self.limit]


def accuracy(folder: Path, choice: Choice, tell: Tell, *, short: bool) -> dict[str, Any]:
    """Every engine over the same recordings."""
    wanted = choice.rows(folder)[: 2 if short else None]
    tables = [measuring.asr_table(engine, choice.settings) for engine in choice.engines]
    root = folder if folder.is_dir() else folder.parent
    meter = Meter()
    found = [measuring.measure(root, wanted, asr, tell, paced=choice.paced) for asr in tables]
    return {
        "paced": choice.paced,
        "engines": found,
        "machine": meter.stop(),
        "lines": list(measuring.lines(found)),
    }


def streaming(folder: Path, encode_ms: float, tell: Tell, *, short: bool) -> dict[str, Any]:
    """The latency table of streaming, and one recording through a real process."""
    cost = Cost(encode_ms)
    meter = Meter()
    found = streams.measure(folder, cost, tell)
    if not short:
        found["process"] = streams.in_a_process(folder, cost, tell)
    found["machine"] = meter.stop()
    found["lines"] = list(streams.lines(found))
    return found


def trust(folder: Path, tell: Tell) -> dict[str, Any]:
    """What is believed that nobody said, on both halves of the recordings."""
    meter = Meter()
    found = judging.measure(folder, tell)
    return {**found, "machine": meter.stop(), "lines": list(judging.lines(found))}


def partials(repeats: int, tell: Tell) -> dict[str, Any]:
    """Late frames of playback with a recogniser that holds the interpreter: partials off, and on.

    The rows are `gil` and `duplex` of `bench pipeline`, interleaved.
    """
    table = []
    for number in range(repeats):
        for kind in ("gil", "duplex"):
            tell(f"{number + 1}/{repeats} {kind}")
            table.append(bench_pipeline.run(kind, 1, 2))
    sums = {kind: _played([r for r in table if r["kind"] == kind]) for kind in ("gil", "duplex")}
    text = (
        f"partials {'off' if kind == 'gil' else 'on'}: {row['late_frames']} late and "
        f"{row['missing_frames']} missing of {row['frames']} frames"
        for kind, row in sums.items()
    )
    lines = [*bench_pipeline.lines(table), *text]
    return {"rows": table, "sums": sums, "machine": table[-1]["machine"], "lines": lines}


def _played(rows: list[dict[str, Any]]) -> dict[str, int]:
    return {
        key: sum(row[key] for row in rows) for key in ("frames", "late_frames", "missing_frames")
    }
