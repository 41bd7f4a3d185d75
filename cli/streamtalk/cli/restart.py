"""`streamtalk restart`: a new process for a service without a model; conversations go on."""

import time
from typing import Annotated, Final

import typer
from rich.console import Console

from streamtalk.cli import engines
from streamtalk.cli.options import RunDirOption, find_run_dir
from streamtalk.cli.reach import Reach
from streamtalk.cli.signals import all_as_interrupts, uninterrupted
from streamtalk.cli.slots import Slots
from streamtalk.cli.stack import Stack
from streamtalk.proto.directory import Instance
from streamtalk.proto.errors import ConfigError

RESTARTABLE: Final = ("bus", "registry", "watchdog", "orchestrator", "gateway", "audio_io")
_WAIT_S: Final = 60.0


def restart(
    service: Annotated[str, typer.Argument(help=f"{', '.join(RESTARTABLE)}.")],
    wait_s: Annotated[float, typer.Option(help="How long it may take to be ready.")] = _WAIT_S,
    run_dir: RunDirOption = None,
) -> None:
    """End a service when it has said what it was saying, start it anew, wait until it is ready.

    Its sessions, rings and history outlive it.
    """
    if service in engines.STAGES:
        message = (
            f"{service} holds a model: `streamtalk swap {service}` starts a new process beside "
            "the old one, without a gap"
        )
        raise ConfigError(message)
    stack = Stack(find_run_dir(run_dir))
    console = Console(stderr=True, highlight=False)
    with all_as_interrupts(), Reach(stack.run_dir) as reach:
        reach.directory()
        slots = [p.slot for p in stack.supervisor.processes() if _is_of(p.slot, service)]
        if service not in RESTARTABLE or not slots:
            message = f"no service {service!r} here: choose one of {', '.join(RESTARTABLE)}"
            raise ConfigError(message)
        began_s = time.monotonic()
        with console.status(f"restarting {service}"):
            (slot,) = slots
            found = _anew(stack, Slots(stack, reach, service, console.print), slot, wait_s)
    typer.echo(f"{service} is ready: {found.instance}, after {time.monotonic() - began_s:.1f} s")


def _is_of(slot: str, service: str) -> bool:
    return slot.rpartition("_")[0] == service


def _anew(stack: Stack, slots: Slots, slot: str, wait_s: float) -> Instance:
    with uninterrupted():
        try:
            slots.stop([slot])
        finally:
            stack.supervisor.start(slot)
    return slots.await_ready(slot, wait_s)
