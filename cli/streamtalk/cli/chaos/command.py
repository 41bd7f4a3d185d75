"""`streamtalk chaos`: faults on purpose under talking sessions, with what is asked beside it."""

import json
import sys
from pathlib import Path
from typing import Annotated, Optional

import typer


def chaos(
    seeds: Annotated[int, typer.Option(help="Repeats, each with its own order.", min=1)] = 5,
    seed: Annotated[int, typer.Option(help="The first of them.")] = 1,
    only: Annotated[
        Optional[list[str]],  # noqa: UP045 — typer reads this form
        typer.Option("--only", metavar="PATTERN", help="Cases and checks, such as 'kill tts *'."),
    ] = None,
    sessions: Annotated[int, typer.Option(help="People who talk.", min=1, max=16)] = 4,
    short: Annotated[bool, typer.Option("--short", help="One seed, few cases.")] = False,
    json_file: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--json", help="Write the result for programs."),
    ] = None,
) -> None:
    """Break every part of a stack of its own while people talk; exit 1 if anything was lost."""
    from streamtalk.cli.bench_machine import load_line
    from streamtalk.cli.chaos.matrix import Run
    from streamtalk.cli.chaos.table import lines, losses

    run = Run(sessions, only or [], short=short, tell=lambda text: typer.echo(text, err=True))
    found = run.all(range(seed, seed + (1 if short else seeds)))
    for line in lines(found):
        typer.echo(line)
    typer.echo(load_line(found.machine))
    if json_file is not None:
        document = json.dumps(found.document(), ensure_ascii=False, indent=2)
        json_file.write_text(document + "\n", encoding="utf-8")
    if losses(found):
        sys.exit(1)
