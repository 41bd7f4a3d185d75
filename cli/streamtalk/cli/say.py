"""`streamtalk say`: a text in the stack's own voice."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, Optional

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from streamtalk.cli.configuration import merged
from streamtalk.cli.options import (
    ConfigOption,
    ProfileOption,
    RunDirOption,
    find_config,
    find_run_dir,
)
from streamtalk.cli.reach import Reach
from streamtalk.cli.signals import all_as_interrupts
from streamtalk.cli.speech_output import (
    PIPE,
    SpeechOutput,
    abandon_stdout,
    chosen_format,
    open_output,
)
from streamtalk.cli.spoken_text import Manner, SpokenText, pieces_of
from streamtalk.client.rundir import RunDir
from streamtalk.proto.audio import FRAME_MS
from streamtalk.proto.errors import ConfigError, InputError

_POLL_MS: Final = 10.0
_FRAME_S: Final = FRAME_MS / 1000
_DRAIN_S: Final = 2.0
_LONGEST_CHARS: Final = 1_000_000
Report = Callable[[float], None]
"""Told the seconds that have been passed on."""


def say(
    text: Annotated[str, typer.Argument(help="What to say; `-` reads standard input.")],
    out: Annotated[
        Optional[str],  # noqa: UP045 — typer reads this form
        typer.Option(help="Write X.wav, X.flac, X.mp3 or X.raw, or `-`: to standard output."),
    ] = None,
    form: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--format", help="wav, flac, mp3 or raw (s16le, 24 kHz, one channel)."),
    ] = None,
    language: Annotated[str, typer.Option(help="en, zh, …, or auto.")] = "auto",
    voice: Annotated[str, typer.Option(help="A voice of the engine.")] = "",
    rate: Annotated[float, typer.Option(min=0.25, max=4.0, help="1 is normal.")] = 1.0,
    run_dir: RunDirOption = None,
    config: ConfigOption = None,
    profile: ProfileOption = None,
) -> None:
    """Say a text through the running stack, aloud or into a file."""
    found, manner = find_run_dir(run_dir), Manner(language, voice, rate)
    manner.check()
    if out is None and form is not None:
        message = "--format says how a file is written: name one with --out, or `--out -`"
        raise ConfigError(message)
    chosen = chosen_format(out, form) if out is not None else ""
    pieces = pieces_of(_standard_input() if text == "-" else text)
    with all_as_interrupts():
        if out is None:
            _speak(found, pieces, manner, find_config(config), profile)
        else:
            _write_out(found, pieces, manner, out, chosen)


def _standard_input() -> str:
    raw = sys.stdin.buffer.read(4 * _LONGEST_CHARS + 1)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        message = "standard input is no UTF-8 text: convert it first, for example with iconv"
        raise InputError(message) from error
    if len(text) > _LONGEST_CHARS:
        message = f"the text has over {_LONGEST_CHARS:,} characters: say it in parts"
        raise InputError(message)
    return text


def _write_out(found: RunDir, pieces: list[str], manner: Manner, out: str, form: str) -> None:
    what = "sending" if out == PIPE else f"writing {Path(out).name}"
    try:
        with (
            open_output(out, form) as output,
            SpokenText(found, _endpoint(found), pieces, manner) as spoken,
            _bar(what, spoken) as report,
        ):
            write(spoken, output, report)
    except BrokenPipeError:
        abandon_stdout()


def _speak(
    found: RunDir, pieces: list[str], manner: Manner, config: Path | None, profile: str | None
) -> None:
    device = str(merged(config, profile).get("audio_io", {}).get("loudspeaker", ""))
    with (
        SpokenText(found, _endpoint(found), pieces, manner) as spoken,
        _bar("speaking", spoken) as report,
    ):
        _play(spoken, device, report)


def _endpoint(found: RunDir) -> str:
    with Reach(found) as reach:
        return reach.instance("tts").endpoint


@contextmanager
def _bar(what: str, spoken: SpokenText) -> Iterator[Report]:
    """What is done, in percent and seconds, of how much, and how long it will take."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[seconds]}", markup=False),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    off = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=off) as progress:
        task = progress.add_task(what, seconds="")

        def report(at_s: float) -> None:
            length_s = max(at_s, spoken.forecast.length_s)
            about = "" if spoken.forecast.exact else "about "
            seconds = f"{at_s:.1f} of {about}{length_s:.1f} s"
            progress.update(task, completed=at_s, total=length_s, seconds=seconds)

        report(0.0)
        yield report


def write(spoken: SpokenText, output: SpeechOutput, report: Report = lambda _: None) -> float:
    """All of it into an output, as quickly as it is made; returns its length in seconds."""
    frames = 0
    while not spoken.ended:
        frame = spoken.pull() if output.ready else None
        if frame is None:
            spoken.serve(_POLL_MS)
            report(frames * _FRAME_S)
            continue
        output.write(frame)
        frames += 1
    return frames * _FRAME_S


def _play(spoken: SpokenText, device: str, report: Report) -> None:
    from streamtalk.cli.loudspeaker import Loudspeaker

    at_s = 0.0
    with Loudspeaker(device) as loudspeaker:
        while not spoken.ended:
            spoken.serve(0 if loudspeaker.wants else _POLL_MS)
            frame = spoken.pull() if loudspeaker.wants else None
            if frame is None:
                spoken.serve(_POLL_MS)
                continue
            loudspeaker.write(frame)
            at_s += _FRAME_S
            report(at_s)
        _drain(loudspeaker.write, lambda: loudspeaker.queued_ms)


def _drain(write_frame: Callable[[bytes], None], queued_ms: Callable[[], float]) -> None:
    """Follow the speech with silence until it has been heard."""
    silence = bytes(24 * 2 * FRAME_MS)
    give_up = time.monotonic() + _DRAIN_S
    left_ms = queued_ms() + FRAME_MS
    while left_ms > 0 and time.monotonic() < give_up:
        write_frame(silence)
        left_ms -= FRAME_MS
