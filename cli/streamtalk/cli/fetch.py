"""`streamtalk fetch`: a model from the hub to this machine, with a progress bar."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as Bar

from streamtalk.asr.config import AsrConfig
from streamtalk.asr.whisper.model_files import hub_id
from streamtalk.cli.configuration import merged
from streamtalk.cli.fetching import fetch_whisper, named
from streamtalk.cli.options import (
    ConfigOption,
    ProfileOption,
    RunDirOption,
    find_config,
    find_run_dir,
)
from streamtalk.cli.signals import all_as_interrupts
from streamtalk.cli.stack import Stack
from streamtalk.cli.upgrade.start import stop_bringing
from streamtalk.proto.errors import ConfigError
from streamtalk.runtime.config import decode_table
from streamtalk.runtime.models.progress import Progress


def fetch(
    stage: Annotated[str, typer.Argument(help="asr: a Whisper model.")],
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

    Every file is checked against the hub's checksum. Whisper's weights are under the MIT licence.
    """
    if stage != "asr":
        raise ConfigError(f"nothing can be fetched for {stage!r}: only asr has a model on a hub")
    if cancel:
        typer.echo(stop_bringing(Stack(find_run_dir(run_dir))))
        return
    table = _table(find_config(config), profile)
    settings = table.engines.faster_whisper
    console = Console(stderr=True, quiet=as_json)
    if model:
        settings = replace(settings, model=model)
    choice = named(settings, table.threads)
    name = choice.model
    if choice.reason:
        console.print(choice.reason)
    with all_as_interrupts(), _bar(console) as bar:
        task = bar.add_task(name, total=None)
        folder = fetch_whisper(name, hub or settings.hub, lambda told: _show(bar, task, told))
    if as_json:
        sys.stdout.write(json.dumps({"model": hub_id(name), "folder": str(folder)}) + "\n")
    else:
        typer.echo(f"{name} is in {folder}")


def _table(config: Path | None, profile: str | None) -> AsrConfig:
    return decode_table("asr", merged(config, profile).get("asr", {}), AsrConfig)


def _bar(console: Console) -> Bar:
    return Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
    )


def _show(bar: Bar, task: TaskID, told: Progress) -> bool:
    bar.update(task, completed=told.done_bytes, total=told.total_bytes)
    return True
