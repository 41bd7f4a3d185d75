"""`streamtalk fetch`: a model from the hub to this machine, with a progress bar."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
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

from streamtalk.asr.whisper.model_files import hub_id
from streamtalk.cli.configuration import merged, table_type
from streamtalk.cli.fetching import fetch_whisper
from streamtalk.cli.options import ConfigOption, ProfileOption, find_config
from streamtalk.cli.signals import all_as_interrupts
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
    config: ConfigOption = None,
    profile: ProfileOption = None,
) -> None:
    """Fetch a model, or go on where it was stopped; Ctrl-C stops and keeps what is here.

    Every file is checked against the hub's checksum. Whisper's weights are under the MIT licence.
    """
    if stage != "asr":
        raise ConfigError(f"nothing can be fetched for {stage!r}: only asr has a model on a hub")
    settings = _settings(find_config(config), profile)
    name = model or settings.model
    console = Console(stderr=True, quiet=as_json)
    with all_as_interrupts(), _bar(console) as bar:
        task = bar.add_task(name, total=None)
        folder = fetch_whisper(name, hub or settings.hub, lambda told: _show(bar, task, told))
    if as_json:
        sys.stdout.write(json.dumps({"model": hub_id(name), "folder": str(folder)}) + "\n")
    else:
        typer.echo(f"{name} is in {folder}")


def _settings(config: Path | None, profile: str | None) -> Any:  # noqa: ANN401 — of this stage only
    table = merged(config, profile).get("asr", {})
    decoded: Any = decode_table("asr", table, table_type("asr"))
    return decoded.engines.faster_whisper


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
