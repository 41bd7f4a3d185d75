"""`streamtalk up` and `streamtalk down`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.status import Status

from streamtalk.cli.options import (
    ConfigOption,
    ProfileOption,
    RunDirOption,
    find_config,
    find_run_dir,
)
from streamtalk.cli.replicas import checked, complete, first_overlays, replaceable
from streamtalk.cli.signals import all_as_interrupts, uninterrupted
from streamtalk.cli.stack import Progress, Stack
from streamtalk.cli.upgrade.start import FIRST_SLOT, announce, beginning
from streamtalk.proto.directory import MODEL_SERVICES, Instance
from streamtalk.proto.errors import StreamTalkError


def up(
    run_dir: RunDirOption = None,
    config: ConfigOption = None,
    profile: ProfileOption = None,
    wait_s: Annotated[float, typer.Option(help="How long to wait until all is ready.")] = 60.0,
) -> None:
    """Start the stack under supervisord, detached; return when every service is ready."""
    path = find_config(config)
    stack = Stack(find_run_dir(run_dir))
    with all_as_interrupts():
        started = start_and_wait(stack, path, profile, wait_s)
    for reason in started.missing:
        typer.echo(f"streamtalk: without {reason}", err=True)
    ready = (i for i in started.instances if i.ready and i.engine != "-")
    engines = ", ".join(f"{i.service} {i.engine}" for i in ready)
    typer.echo(f"ready in {stack.run_dir.path}: {engines}")


@dataclass(frozen=True)
class Started:
    """A stack that has come up."""

    instances: list[Instance]
    missing: list[str]
    """What there is none of, or whose chain begins further down, and why."""


def start_and_wait(
    stack: Stack,
    config: Path | None,
    profile: str | None,
    wait_s: float,
) -> Started:
    """Start a stack and show how it comes up; one that does not is taken down again."""
    console, began = Console(stderr=True), False
    chains = checked(config, profile)
    begin = beginning(config, profile, chains["asr"][0].overlay)
    overlays = first_overlays(chains)
    if begin.overlay is not None:
        overlays[FIRST_SLOT] = begin.overlay
    try:
        with uninterrupted():
            stack.start(config, profile, overlays, begin.without)
            began = True
        with console.status("starting") as spinner:
            first = stack.wait_ready(
                wait_s, lambda progress: _show(spinner, progress), replaceable(chains)
            )
            missing = [f"{_name(i)}: {i.reason}" for i in first if not i.ready]
            missing += complete(stack, chains, wait_s, spinner.update)
            if begin.upgrade is not None:
                announce(stack, begin.upgrade)
            return Started(stack.directory().instances, missing)
    except (StreamTalkError, KeyboardInterrupt):
        if began:
            with uninterrupted():
                stack.stop()
        raise


def _name(instance: Instance) -> str:
    """With the engine where it is that engine which is missing, and another one may do."""
    is_model = instance.service in MODEL_SERVICES
    return f"{instance.service} {instance.engine}" if is_model else instance.service


def _show(spinner: Status, progress: Progress) -> None:
    waiting = ", ".join(f"{slot} {why}" for slot, why in sorted(progress.waiting.items()))
    spinner.update(f"{len(progress.ready)} ready; {waiting}")


def down(run_dir: RunDirOption = None) -> None:
    """Take the stack down."""
    stack = Stack(find_run_dir(run_dir))
    typer.echo("stopped" if stack.stop() else f"nothing runs in {stack.run_dir.path}")
