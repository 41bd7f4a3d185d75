"""The `streamtalk` command: one module per command, imported when it is used."""

import importlib
import sys
from typing import Final

import typer

from streamtalk.proto.errors import ConfigError, StreamTalkError

COMMANDS: Final = {
    "up": "up",
    "down": "up",
    "status": "status",
    "probe": "probe",
    "talk": "talk",
    "converse": "converse",
    "say": "say",
    "voice": "voice",
    "transcribe": "transcribe",
    "fetch": "fetch",
    "swap": "swap",
    "scale": "scale",
    "restart": "restart",
    "doctor": "doctor",
    "devices": "devices",
    "history": "history",
    "config": "config",
    "tap": "tap",
    "record": "record",
    "replay": "replay",
    "metrics": "metrics",
    "bench": "bench",
    "chaos": "chaos.command",
    "soak": "chaos.soak_command",
}
"""Command name to the module of this package that defines a function of that name."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Talk with your machine: every model in its own process, nothing leaves it.",
)


def _register(names: list[str]) -> None:
    for name in names:
        module = importlib.import_module(f"streamtalk.cli.{COMMANDS[name]}")
        command = getattr(module, name.replace("-", "_"))
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)


def main() -> None:
    """Run one command; exit codes: 0 done, 1 failed with the reason on stderr, 2 wrong usage."""
    # Only the module of the command that was named is imported: `streamtalk up` must be quick.
    named = [word for word in sys.argv[1:2] if word in COMMANDS]
    _register(named or list(COMMANDS))
    if named:
        app.callback()(lambda: None)
    try:
        app()
    except StreamTalkError as error:
        typer.echo(f"streamtalk: {error}", err=True)
        sys.exit(2 if isinstance(error, ConfigError) else 1)
    except KeyboardInterrupt:
        sys.exit(130)
