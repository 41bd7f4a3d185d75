"""`streamtalk swap`: another engine, or other settings, for a stage of a running stack."""

from typing import Annotated, Any, Final

import typer
from rich.console import Console

from streamtalk.cli import engines, overlay
from streamtalk.cli.change import Change, Plan, plan
from streamtalk.cli.options import RunDirOption, find_run_dir
from streamtalk.cli.reach import Reach
from streamtalk.cli.signals import all_as_interrupts
from streamtalk.cli.stack import Stack
from streamtalk.cli.toml_text import dump
from streamtalk.proto.directory import Directory
from streamtalk.proto.errors import ConfigError
from streamtalk.runtime.config import Table
from streamtalk.runtime.swap_lock import hold_swap_lock

_WAIT_S: Final = 300.0


def swap(
    service: Annotated[str, typer.Argument(help="vad, turn, asr or tts.")],
    engine: Annotated[
        str | None, typer.Option(help="Engine; without it only settings change.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="May be repeated.")
    ] = None,
    cold: Annotated[bool, typer.Option("--cold", help="Stop the old one first.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen.")] = False,
    wait_s: Annotated[float, typer.Option(help="How long the new one may load.")] = _WAIT_S,
    run_dir: RunDirOption = None,
) -> None:
    """Change the engine of a stage while the stack runs; what fails changes nothing.

    Lasts until `streamtalk down`: `streamtalk up` starts what streamtalk.toml says.
    """
    if service not in engines.STAGES:
        message = f"{service!r} cannot be swapped: choose one of {', '.join(engines.STAGES)}"
        raise ConfigError(message)
    stack = Stack(find_run_dir(run_dir))
    with all_as_interrupts(), Reach(stack.run_dir) as reach:
        reach.directory()
        with hold_swap_lock(stack.run_dir, service):
            directory = reach.directory()
            choice, table = _validate(stack, directory, service, engine, settings or [])
            found = plan(stack, directory, choice, table, cold=cold)
            if dry_run:
                _describe(found)
            else:
                _carry_out(stack, reach, found, wait_s)


def _validate(
    stack: Stack, directory: Directory, service: str, engine: str | None, settings: list[str]
) -> tuple[engines.Choice, Table]:
    active = directory.active.get(service, [])
    below = overlay.current(stack.run_dir, active[0]) if active else {}
    table = overlay.changed(below, engine, settings)
    launch = stack.launch()
    decoded: Any = overlay.validated(service, table, launch.config, launch.profile)
    choice = engines.resolve(service, decoded.engine)
    engines.require(choice)
    return choice, table


def _describe(found: Plan) -> None:
    old = ", ".join(f"{i.slot} ({i.engine})" for i in found.old) or "nothing"
    typer.echo(f"{old} would give way to {', '.join(found.new)} ({found.choice.engine})")
    typer.echo("the old one would be stopped first" if found.cold else "both would run meanwhile")
    typer.echo(dump(found.overlay) or "no setting would change\n", nl=False)


def _carry_out(stack: Stack, reach: Reach, found: Plan, wait_s: float) -> None:
    console = Console(stderr=True, highlight=False)
    with console.status(f"swapping {found.service}"):
        Change(stack, reach, found, wait_s, console.print).run()
    slots = ", ".join(found.new)
    typer.echo(f"{found.service} is now {found.choice.engine}, in {slots}")
