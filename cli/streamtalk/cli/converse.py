"""`streamtalk converse`: WAV files are the microphone, another one the loudspeaker."""

import json
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Optional

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from streamtalk.cli.options import RunDirOption, find_run_dir
from streamtalk.cli.reach import Reach
from streamtalk.cli.report import build_report
from streamtalk.cli.utterances import PATIENCE_S, Utterance, Utterances
from streamtalk.cli.wav_edge import WavEdge
from streamtalk.client.wav import MAX_FILE_S, read_microphone
from streamtalk.proto.audio import MIC_RATE_HZ
from streamtalk.proto.errors import InputError
from streamtalk.proto.topics import is_session_id


def converse(
    wav: Annotated[
        list[Path],
        typer.Argument(help="What the microphone hears, one file when the last was answered."),
    ],
    out: Annotated[Optional[Path], typer.Option(help="What the loudspeaker played.")] = None,  # noqa: UP045
    report: Annotated[Optional[Path], typer.Option(help="Turns and times, JSON.")] = None,  # noqa: UP045
    session: Annotated[str, typer.Option(help="Resume this session.")] = "",
    language: Annotated[str, typer.Option(help="en, zh, or auto.")] = "auto",
    run_dir: RunDirOption = None,
) -> None:
    """Hold a conversation in real time from recordings; exit 1 if a turn ended in an error.

    Between two files the microphone hears silence until the orchestrator says that the last one was
    answered and the answer played; one that nobody answers for 15 s is named, and the next begins.
    OUT and the times of REPORT count from the first sample of the first file.
    """
    name = session or f"converse-{secrets.token_hex(4)}"
    if not is_session_id(name):
        message = f"a session is 1 to 64 of a-z, 0-9 and '-', not {name!r}"
        raise InputError(message)
    utterances = Utterances(_read(wav))
    place = find_run_dir(run_dir)
    with Reach(place) as reach:
        reach.directory()
    edge = WavEdge(place, name, language)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    off = not sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=off) as bar:
        task = bar.add_task("", total=None)

        def progress(at_s: float) -> None:
            now = utterances.said[-1]
            bar.update(
                task,
                description=now.name,
                completed=at_s - now.begin / MIC_RATE_HZ,
                total=len(now.samples) / MIC_RATE_HZ,
            )

        turns = edge.run(utterances, out, progress)
    found = build_report(name, utterances.said, turns)
    if report is not None:
        report.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    for row in found["turns"]:
        typer.echo(f"you:  {row['user_text'] or '(nothing understood)'}")
        typer.echo(f"      {row['reply_text']}  [{row['voice_to_voice_ms']} ms]")
    _name_unanswered(utterances.said)
    if any(row["error"] for row in found["turns"]):
        sys.exit(1)


def _read(files: Sequence[Path]) -> list[Utterance]:
    """All files; together they may be as long as one."""
    found, left_s = [], float(MAX_FILE_S)
    for file in files:
        found.append(Utterance(str(file), read_microphone(file, left_s)))
        left_s -= len(found[-1].samples) / MIC_RATE_HZ
    return found


def _name_unanswered(said: Sequence[Utterance]) -> None:
    """Of several files, those that nobody answered."""
    for one in said if len(said) > 1 else ():
        if not one.answered:
            message = f"streamtalk: nobody answered {one.name} within {PATIENCE_S:.0f} s"
            typer.echo(message, err=True)
