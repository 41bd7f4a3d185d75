"""`streamtalk converse`: a WAV file is the microphone, another one the loudspeaker."""

import json
import secrets
import sys
from pathlib import Path
from typing import Annotated, Optional

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from streamtalk.cli.options import RunDirOption, find_run_dir
from streamtalk.cli.reach import Reach
from streamtalk.cli.report import build_report
from streamtalk.cli.wav_edge import WavEdge
from streamtalk.client.wav import read_microphone
from streamtalk.proto.audio import MIC_RATE_HZ
from streamtalk.proto.errors import InputError
from streamtalk.proto.topics import is_session_id


def converse(
    wav: Annotated[Path, typer.Argument(help="What the microphone hears.")],
    out: Annotated[Optional[Path], typer.Option(help="What the loudspeaker played.")] = None,  # noqa: UP045
    report: Annotated[Optional[Path], typer.Option(help="Turns and times, JSON.")] = None,  # noqa: UP045
    session: Annotated[str, typer.Option(help="Resume this session.")] = "",
    language: Annotated[str, typer.Option(help="en, zh, or auto.")] = "auto",
    run_dir: RunDirOption = None,
) -> None:
    """Hold a conversation in real time from a recording; exit 1 if a turn ended in an error."""
    name = session or f"converse-{secrets.token_hex(4)}"
    if not is_session_id(name):
        message = f"a session is 1 to 64 of a-z, 0-9 and '-', not {name!r}"
        raise InputError(message)
    samples = read_microphone(wav)
    place = find_run_dir(run_dir)
    with Reach(place) as reach:
        reach.directory()
    edge = WavEdge(place, name, language)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(str(wav), total=len(samples) / MIC_RATE_HZ)
        turns = edge.run(samples, out, lambda at_s: bar.update(task, completed=at_s))
    found = build_report(name, samples, turns)
    if report is not None:
        report.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    for row in found["turns"]:
        typer.echo(f"you:  {row['user_text'] or '(nothing understood)'}")
        typer.echo(f"      {row['reply_text']}  [{row['voice_to_voice_ms']} ms]")
    if any(row["error"] for row in found["turns"]):
        sys.exit(1)
