"""The conversation that `streamtalk talk` holds where there is no microphone."""

import sys
from pathlib import Path
from typing import Final

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from streamtalk.cli.question import QUESTIONS, ask_aloud
from streamtalk.cli.report import build_report
from streamtalk.cli.utterances import Utterance, Utterances
from streamtalk.cli.wav_edge import WavEdge
from streamtalk.client.rundir import RunDir
from streamtalk.client.wav import read_microphone
from streamtalk.proto.audio import MIC_RATE_HZ
from streamtalk.proto.errors import InputError

_FOLDER: Final = "talk"


def talk_with_itself(run_dir: RunDir, out_dir: Path | None, session: str) -> None:
    """Ask with our own voice, listen, answer; prints what was said and where the answer lies."""
    folder = _made(out_dir or run_dir.path / _FOLDER)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("making a question", total=None)
        question = ask_aloud(
            run_dir,
            folder,
            QUESTIONS,
            lambda text: bar.update(task, description=f"making “{text}”"),
        )
        samples = read_microphone(question)
        answer = folder / "answer.wav"
        bar.update(task, description="talking", total=len(samples) / MIC_RATE_HZ + 2.5)
        edge = WavEdge(run_dir, session, "en")
        utterances = Utterances([Utterance(str(question), samples)])
        turns = edge.run(utterances, answer, lambda at_s: bar.update(task, completed=at_s))
    report = build_report(session, utterances.said, turns)
    for row in report["turns"]:
        _show(row)
    typer.echo(f"\nasked:    {question}\nanswered: {answer}")
    if not any(row["heard_text"] for row in report["turns"]):
        typer.echo("streamtalk: nothing was answered: see `streamtalk doctor`", err=True)
        sys.exit(1)


def _show(row: dict[str, object]) -> None:
    ms = row["voice_to_voice_ms"]
    time = f"  [{ms} ms]" if ms is not None else ""
    typer.echo(f"you: {row['user_text'] or '(nothing understood)'}")
    typer.echo(f"it:  {row['reply_text']}{time}")


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"cannot make {folder}: {error.strerror}; name another with --out-dir"
        raise InputError(message) from error
    return folder.absolute()
