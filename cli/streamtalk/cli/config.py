"""`streamtalk config`: the resolved configuration, and whether it is right."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from streamtalk.cli import origins
from streamtalk.cli.configuration import TABLES
from streamtalk.cli.options import ConfigOption, ProfileOption, find_config
from streamtalk.cli.replicas import wanted
from streamtalk.cli.toml_text import value
from streamtalk.proto.errors import ConfigError

config = typer.Typer(help="Show or check the configuration.", no_args_is_help=True)
JsonOption = Annotated[bool, typer.Option("--json", help="For programs.")]


@config.command()
def show(
    table: Annotated[str, typer.Argument(help="One table, such as tts; all without it.")] = "",
    as_json: JsonOption = False,
    file: ConfigOption = None,
    profile: ProfileOption = None,
) -> None:
    """Print every setting as it will be used, and where it comes from."""
    origins.refuse_unread_table(table)
    path = find_config(file)
    settings = [s for s in origins.resolve(path, profile) if table in ("", s.key.split(".")[0])]
    if as_json:
        values = {s.key: {"value": s.value, "from": s.source} for s in settings}
        typer.echo(json.dumps({"file": path and str(path), "profile": profile, "values": values}))
        return
    _print(settings)


def _print(settings: list[origins.Setting]) -> None:
    console = Console()
    lines = [f"{setting.key} = {value(setting.value)}" for setting in settings]
    width = min(60, max(map(len, lines)))
    for line, setting in zip(lines, settings, strict=True):
        style = "dim" if setting.source == "default" else "bold"
        text = Text(line.ljust(width), style)
        console.print(text.append(f"  # {setting.source}", "dim"), soft_wrap=True)
    for name in origins.unread_variables():
        advice = "it takes two underscores between the parts, such as STREAMTALK_TTS__ENGINE"
        typer.echo(f"streamtalk: nobody reads {name}: {advice}", err=True)


@config.command("check")
def check_command(
    as_json: JsonOption = False,
    file: ConfigOption = None,
    profile: ProfileOption = None,
) -> None:
    """Exit 0 when every key and value can be used; otherwise 2 and the first mistake."""
    path = find_config(file)
    try:
        wanted(path, profile)
    except ConfigError as error:
        if as_json:
            typer.echo(json.dumps({"file": path and str(path), "ok": False, "reason": str(error)}))
        raise
    if as_json:
        typer.echo(json.dumps({"file": path and str(path), "ok": True, "reason": ""}))
    else:
        typer.echo(f"{path or 'no file, defaults only'}: {len(TABLES)} tables, no mistake")
