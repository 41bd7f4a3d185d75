"""`streamtalk say`: a text in the stack's own voice."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from streamtalk.cli.configuration import merged
from streamtalk.cli.options import (
    ConfigOption,
    ProfileOption,
    RunDirOption,
    find_config,
    find_run_dir,
)
from streamtalk.cli.reach import Reach
from streamtalk.cli.spoken_text import Manner, SpokenText, pieces_of
from streamtalk.client.wav import SpeechWriter
from streamtalk.proto.audio import FRAME_MS

_POLL_MS: Final = 10.0
_DRAIN_S: Final = 2.0
Report = Callable[[float, float], None]
"""Told the seconds so far and the seconds that there will be."""


def say(
    text: Annotated[str, typer.Argument(help="What to say; `-` reads standard input.")],
    out: Annotated[Path | None, typer.Option(help="Write a WAV file, play nothing.")] = None,
    language: Annotated[str, typer.Option(help="en, zh, …, or auto.")] = "auto",
    voice: Annotated[str, typer.Option(help="A voice of the engine.")] = "",
    rate: Annotated[float, typer.Option(min=0.25, max=4.0, help="1 is normal.")] = 1.0,
    run_dir: RunDirOption = None,
    config: ConfigOption = None,
    profile: ProfileOption = None,
) -> None:
    """Say a text through the running stack, aloud or into a file."""
    found = find_run_dir(run_dir)
    pieces = pieces_of(sys.stdin.read() if text == "-" else text)
    with Reach(found) as reach:
        endpoint = reach.instance("tts").endpoint
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with (
        Progress(*columns, console=Console(stderr=True), transient=True) as bar,
        SpokenText(found, endpoint, pieces, Manner(language, voice, rate)) as spoken,
    ):
        task = bar.add_task("writing" if out else "speaking")

        def report(at_s: float, length_s: float) -> None:
            bar.update(task, completed=at_s, total=max(at_s, length_s))

        if out is not None:
            write(spoken, out, report)
        else:
            _play(spoken, _loudspeaker(find_config(config), profile), report)


def _loudspeaker(config: Path | None, profile: str | None) -> str:
    return str(merged(config, profile).get("audio_io", {}).get("loudspeaker", ""))


def write(spoken: SpokenText, out: Path, report: Report) -> float:
    """All of it into a WAV file, as quickly as it is made; returns its length in seconds."""
    writer, at_s = SpeechWriter(out), 0.0
    try:
        while not spoken.ended:
            frame = spoken.pull()
            if frame is None:
                spoken.serve(_POLL_MS)
                continue
            writer.write(frame)
            at_s += FRAME_MS / 1000
            report(at_s, spoken.length_s)
    finally:
        writer.close()
    return at_s


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
            at_s += FRAME_MS / 1000
            report(at_s, spoken.length_s)
        _drain(loudspeaker.write, lambda: loudspeaker.queued_ms)


def _drain(write_frame: Callable[[bytes], None], queued_ms: Callable[[], float]) -> None:
    """Follow the speech with silence until it has been heard."""
    silence = bytes(24 * 2 * FRAME_MS)
    give_up = time.monotonic() + _DRAIN_S
    left_ms = queued_ms() + FRAME_MS
    while left_ms > 0 and time.monotonic() < give_up:
        write_frame(silence)
        left_ms -= FRAME_MS
