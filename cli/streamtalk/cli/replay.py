"""`streamtalk replay`: a recorded session decided again, and what differs."""

import contextlib
import json
import sys
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
import typer
from rich.console import Console

from streamtalk.cli.flight.decisions import decisions_of
from streamtalk.cli.flight.difference import PartDifference, compare, show
from streamtalk.cli.flight.file import Recording, read_recording
from streamtalk.cli.flight.microphone import microphones, write_wav
from streamtalk.cli.flight.playing import Material, Playing, part_settings
from streamtalk.cli.flight.script import Part, parts_of, sessions_of
from streamtalk.cli.flight.stages import Stages, build_stages
from streamtalk.cli.flight.voice import recorded_speech
from streamtalk.proto.errors import ConfigError, InputError
from streamtalk.runtime.config import Table, merge, nest, parse_setting

_STAGES: Final = ("vad", "turn", "asr", "orchestrator", "tts")


def replay(
    file: Annotated[Path, typer.Argument(help="What `streamtalk record` wrote.")],
    swap: Annotated[
        list[str] | None,
        typer.Option(metavar="STAGE=ENGINE", help="Run this stage for real. May be repeated."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="STAGE.KEY=VALUE", help="May be repeated."),
    ] = None,
    latency: Annotated[
        str, typer.Option(help="Of stages run for real: `measured` now, or as `recorded`.")
    ] = "measured",
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Both sides of every turn.")
    ] = None,
    microphone: Annotated[
        Path | None, typer.Option(help="Write what the microphone heard, WAV.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 for any difference.")] = False,
) -> None:
    """Decide a recorded session again, in virtual time, and compare.

    Exit 0: decided alike, or something was changed on purpose; 1: decided otherwise.
    """
    recording = read_recording(file)
    parts = parts_of(recording)
    if not parts:
        message = f"{file} holds no conversation: was a session open, and at rest once?"
        raise InputError(message)
    if microphone is not None:
        write_wav(recording, parts[0].session, microphone)
    kind = _latency(latency)
    stages = build_stages(
        swap or [],
        settings or [],
        recording.header.engines,
        recording.header.configuration,
        recorded_latency=kind == "recorded",
    )
    changes = orchestrator_changes(settings or [])
    with contextlib.closing(stages):
        found = [play(recording, part, stages, changes) for part in parts]
    _report(recording, found, json_file)
    changed = stages.any or bool(changes)
    if not all(part.same for part in found) and (strict or not changed):
        sys.exit(1)


def play(
    recording: Recording, part: Part, stages: Stages, changes: Table | None = None
) -> PartDifference:
    """Replay one conversation and compare."""
    material = Material(
        microphones(recording, part.session), recorded_speech(recording, part.session)
    )
    playing = Playing(part, material, stages, part_settings(part, changes or {}))
    replayed = playing.run()
    recorded, again = decisions_of(part.steps), decisions_of(replayed)
    return compare(part.session, recorded, again, part.lost, playing.world.notes)


def orchestrator_changes(settings: list[str]) -> Table:
    """The tables of the orchestrator that `--set orchestrator.…` changes."""
    changes: Table = {}
    for text in settings:
        path, value = parse_setting(text)
        if path[0] == "orchestrator" and len(path) > 2:  # noqa: PLR2004 — table and key
            changes = merge(changes, nest(path[1:], value))
        elif path[0] == "orchestrator":
            message = f"--set wants orchestrator.TABLE.KEY=VALUE, not {text}"
            raise ConfigError(message)
    return changes


def _latency(text: str) -> Literal["measured", "recorded"]:
    if text == "measured":
        return "measured"
    if text == "recorded":
        return "recorded"
    message = f"--latency is `measured` or `recorded`, not {text!r}"
    raise ConfigError(message)


def _report(recording: Recording, found: list[PartDifference], json_file: Path | None) -> None:
    console = Console(highlight=False)
    for part in found:
        show(part, console)
    turns = [turn for part in found for turn in part.turns]
    other = sum(bool(turn.different) for turn in turns)
    end = recording.ended or "it was killed"
    engines = {name: names for name, names in recording.header.engines.items() if name in _STAGES}
    stages = ", ".join(f"{name} {'/'.join(names)}" for name, names in engines.items())
    console.print(
        f"{len(turns)} turns, {other} decided otherwise; recorded {recording.duration_s:.0f} s by "
        f"{recording.header.version} with {stages or 'unknown engines'}, ended: {end}"
    )
    for session in sorted(sessions_of(recording) - {part.session for part in found}):
        console.print(
            f"session {session} was never at rest: its decisions are not in the recording"
        )
    if recording.lost_bytes:
        console.print(f"{recording.lost_bytes} bytes behind the last whole row were left out")
    if json_file is not None:
        text = json.dumps(as_json(recording, found), ensure_ascii=False, indent=2, sort_keys=True)
        try:
            json_file.write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            message = f"cannot write {json_file}: {error.strerror}"
            raise InputError(message) from error


def as_json(recording: Recording, found: list[PartDifference]) -> dict[str, Any]:
    """The same for programs; two replays of a file give the same bytes, unless a stage was run."""
    return {
        "version": recording.header.version,
        "ended": recording.ended or "killed",
        "same": all(part.same for part in found),
        "conversations": [{**msgspec.to_builtins(part), "same": part.same} for part in found],
    }
