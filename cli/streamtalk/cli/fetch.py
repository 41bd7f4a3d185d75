"""`streamtalk fetch`: a model from the hub to this machine, with a progress bar."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from msgspec.structs import replace
from rich.console import Console

from streamtalk.asr.config import AsrConfig
from streamtalk.asr.whisper.model_files import hub_id
from streamtalk.cli.configuration import merged
from streamtalk.cli.fetch_bar import fetch_with_bar
from streamtalk.cli.fetching import fetch_whisper, named
from streamtalk.cli.options import (
    ConfigOption,
    ProfileOption,
    RunDirOption,
    find_config,
    find_run_dir,
)
from streamtalk.cli.stack import Stack
from streamtalk.cli.upgrade.start import stop_bringing
from streamtalk.proto.errors import ConfigError
from streamtalk.runtime.config import Table, decode_table
from streamtalk.runtime.models.progress import Report
from streamtalk.tts.config import TtsConfig
from streamtalk.tts.spark.fetching import fetch_model
from streamtalk.tts.spark.published import PUBLISHED


@dataclass(frozen=True)
class _Wanted:
    """A model, and what brings it."""

    name: str
    hub_id: str
    why: str
    fetch: Callable[[Report], Path | None]


def fetch(
    stage: Annotated[str, typer.Argument(help="asr: a Whisper model. tts: Spark-TTS.")],
    model: Annotated[
        str, typer.Option(help="Size or hub id; empty: what the configuration names.")
    ] = "",
    hub: Annotated[str, typer.Option(help="Address of the hub; empty: as configured.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="Stop what a running stack fetches in the background.")
    ] = False,
    run_dir: RunDirOption = None,
    config: ConfigOption = None,
    profile: ProfileOption = None,
) -> None:
    """Fetch a model, or go on where it was stopped; Ctrl-C stops and keeps what is here.

    Every file is checked against the hub's checksum. Whisper's weights are under the MIT licence;
    those of Spark-TTS under CC-BY-NC-SA-4.0: not for commercial use.
    """
    if stage not in _WANTED:
        known = ", ".join(_WANTED)
        raise ConfigError(f"nothing can be fetched for {stage!r}: choose one of {known}")
    if cancel:
        typer.echo(stop_bringing(Stack(find_run_dir(run_dir))))
        return
    table = merged(find_config(config), profile).get(stage, {})
    wanted = _WANTED[stage](table, model, hub)
    console = Console(stderr=True, quiet=as_json)
    if wanted.why:
        console.print(wanted.why)
    folder = fetch_with_bar(wanted.name, wanted.fetch, console)
    if as_json:
        sys.stdout.write(json.dumps({"model": wanted.hub_id, "folder": str(folder)}) + "\n")
    else:
        typer.echo(f"{wanted.name} is in {folder}")


def _whisper(table: Table, model: str, hub: str) -> _Wanted:
    decoded = decode_table("asr", table, AsrConfig)
    settings = decoded.engines.faster_whisper
    choice = named(replace(settings, model=model) if model else settings, decoded.threads)
    address = hub or settings.hub
    name = choice.model
    return _Wanted(
        name, hub_id(name), choice.reason, lambda report: fetch_whisper(name, address, report)
    )


def _spark(table: Table, model: str, hub: str) -> _Wanted:
    settings = decode_table("tts", table, TtsConfig).engines.spark_mlx
    name = model or settings.model or PUBLISHED
    return _Wanted(name, name, "", lambda report: fetch_model(name, report, hub))


_WANTED: Final[dict[str, Callable[[Any, str, str], _Wanted]]] = {"asr": _whisper, "tts": _spark}
