"""`streamtalk doctor`: what is there, what is missing, what to do."""

import json
import sys
from dataclasses import asdict
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from streamtalk.cli.findings import Finding, examine
from streamtalk.cli.options import (
    ConfigOption,
    ProfileOption,
    RunDirOption,
    find_config,
    find_run_dir,
)
from streamtalk.cli.stack import Stack

_MARKS: Final = {"ok": ("✓", "green"), "note": ("!", "yellow"), "bad": ("✗", "bold red")}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    run_dir: RunDirOption = None,
    config: ConfigOption = None,
    profile: ProfileOption = None,
) -> None:
    """Examine this machine; exit 1 when no conversation would be possible on it."""
    found_dir = find_run_dir(run_dir)
    findings = []
    console = Console(highlight=False)
    topic = ""
    for finding in examine(found_dir, find_config(config), profile):
        findings.append(finding)
        if as_json:
            continue
        if finding.topic != topic:
            console.print(Text(finding.topic, "bold"))
        topic = finding.topic
        _show(console, finding)
    possible = all(finding.verdict != "bad" for finding in findings)
    running = Stack(found_dir).running
    if as_json:
        rows = [asdict(finding) for finding in findings]
        typer.echo(json.dumps({"possible": possible, "running": running, "findings": rows}))
    else:
        console.print(_conclusion(possible=possible, running=running))
    sys.exit(0 if possible else 1)


def _show(console: Console, finding: Finding) -> None:
    mark, style = _MARKS[finding.verdict]
    line = Text.assemble((mark, style), f" {finding.subject}", (f"  {finding.detail}", "dim"))
    console.print(Padding(line, (0, 0, 0, 2)))
    if finding.advice:
        console.print(Padding(Text(f"→ {finding.advice}", style), (0, 0, 0, 4)))


def _conclusion(*, possible: bool, running: bool) -> Text:
    if not possible:
        return Text("\nNo conversation is possible yet: see the lines marked ✗.", "bold red")
    how = "a stack runs here: `streamtalk talk`" if running else "`streamtalk talk` starts one"
    return Text(f"\nA conversation is possible; {how}.", "bold green")
