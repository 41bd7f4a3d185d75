"""`streamtalk soak`: hours of conversation, and what grew or failed in them."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Optional

import typer


def soak(
    hours: Annotated[float, typer.Option(help="How long; fractions are fine.", min=0.005)] = 24.0,
    pace: Annotated[
        float, typer.Option(help="Rubbish, swaps and kills come so many times as often.", min=0.1)
    ] = 1.0,
    sessions: Annotated[int, typer.Option(help="People who talk.", min=1, max=16)] = 2,
    seed: Annotated[int, typer.Option(help="What they say, and when.")] = 1,
    json_file: Annotated[
        Optional[Path],  # noqa: UP045 — typer reads this form
        typer.Option("--json", help="Write the result for programs."),
    ] = None,
) -> None:
    """Talk for hours with rubbish, swaps and kills in between; exit 1 if anything was lost."""
    from streamtalk.cli.bench_machine import load_line
    from streamtalk.cli.chaos.soak import Soak

    found = Soak(sessions, seed, pace, lambda text: typer.echo(text, err=True)).run(hours)
    for line in lines(found):
        typer.echo(line)
    typer.echo(load_line(found["machine"]))
    if json_file is not None:
        document = json.dumps(found, ensure_ascii=False, indent=2)
        json_file.write_text(document + "\n", encoding="utf-8")
    if found["broken"]:
        sys.exit(1)


def lines(found: dict[str, Any]) -> Iterator[str]:
    """The result for a person, with what is asked of a whole day beside it."""
    done = ", ".join(f"{count} x {kind}" for kind, count in sorted(found["done"].items()))
    yield f"{found['hours']} hours, {found['turns']} turns, {done}"
    yield (
        f"failed outside faults {found['failed_outside_faults']} (asked 0), "
        f"told of an error in faults {found['told_in_faults']}"
    )
    if (pair := found["first_audio_p95_ms"]) is not None:
        yield f"first audio p95: {pair[0]} ms at first, {pair[1]} ms at last (asked <= 1.05 x)"
    yield "process          minutes   RSS MB   MB/h (asked < 1)   files   threads   processes"
    for slot, row in found["services"].items():
        slope = row["rss_slope_mb_per_h"]
        yield (
            f"{slot:16} {row['minutes']:7} {row['rss_mb']:8} {'-' if slope is None else slope:>18} "
            f"{row['files_drift']:+7} {row['threads_drift']:+9} {row['processes']:11}"
        )
    yield from (f"LOST: {line}" for line in found["broken"])
