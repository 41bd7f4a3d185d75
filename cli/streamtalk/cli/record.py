"""`streamtalk record`: everything that happens in a session, in one file, on request only."""

import importlib.metadata
import json
import os
import secrets
import select
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import psutil
import typer

from streamtalk.cli.configuration import merged
from streamtalk.cli.flight.file import MAX_FILE_MB
from streamtalk.cli.flight.recorder import Order
from streamtalk.cli.flight.roll import Entry, Roll
from streamtalk.cli.options import RunDirOption, find_run_dir
from streamtalk.cli.reach import Reach
from streamtalk.cli.stack import Stack
from streamtalk.client.directory import usable
from streamtalk.client.rundir import RunDir
from streamtalk.proto.directory import MODEL_SERVICES, Directory
from streamtalk.proto.errors import ConfigError, InputError, StreamTalkError
from streamtalk.proto.topics import is_session_id

_BEGIN_S: Final = 15.0
_END_S: Final = 10.0
_SECRET: Final = ("key", "token", "secret", "password")

record = typer.Typer(
    no_args_is_help=True,
    help="Record sessions: audio, states and calls, in one file that `streamtalk replay` plays.",
)


@record.command()
def start(
    session: Annotated[str, typer.Argument(help="One session; without it, every session.")] = "",
    file: Annotated[Path | None, typer.Option(help="Where to; it must not exist yet.")] = None,
    limit_mb: Annotated[int, typer.Option(min=1, max=MAX_FILE_MB, help="It ends there.")] = 64,
    limit_s: Annotated[float, typer.Option(min=1.0, help="It ends after this time.")] = 3_600.0,
    run_dir: RunDirOption = None,
) -> None:
    """Begin to record; returns when nothing is missed any more."""
    if session and not is_session_id(session):
        message = f"a session is 1 to 64 of a-z, 0-9 and '-', not {session!r}"
        raise ConfigError(message)
    place = find_run_dir(run_dir)
    with Reach(place) as reach:
        directory = reach.directory()
    name = f"{datetime.now(tz=UTC).astimezone():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    roll, launch = Roll.of(place), Stack(place).launch()
    target = (file or roll.folder / f"{name}.strec").expanduser().absolute()
    read_end, write_end = os.pipe()
    order = Order(
        run_dir=str(place.path),
        name=name,
        session=session,
        file=str(target),
        limit_bytes=limit_mb << 20,
        limit_s=limit_s,
        version=_version(),
        ready=write_end,
        engines=_engines(directory),
        configuration=configuration_of(
            Path(launch.config) if launch.config else None, launch.profile
        ),
    )
    try:
        _spawn(place, order)
    finally:
        os.close(write_end)
    _await_ready(place, read_end)
    what = f"session {session}" if session else "every session"
    typer.echo(f"recording {what} into {target}; `streamtalk record stop` ends it")


@record.command()
def stop(
    session: Annotated[
        str | None, typer.Argument(help="That session's; without it, every recording.")
    ] = None,
    run_dir: RunDirOption = None,
) -> None:
    """End recordings in order, and say what is in them."""
    roll = Roll.of(find_run_dir(run_dir))
    ending = list(roll.running(session))
    if not ending:
        message = "nothing is being recorded: see `streamtalk record list`"
        raise InputError(message)
    for entry in ending:
        process = entry.process()
        if process is None:
            continue
        try:
            process.terminate()
            process.wait(_END_S)
        except psutil.NoSuchProcess:
            pass
        except psutil.TimeoutExpired as error:
            message = f"the recorder, process {entry.pid}, does not end: see logs/record.log"
            raise InputError(message) from error
    names = {entry.name for entry in ending}
    for entry in roll.entries():
        if entry.name in names:
            typer.echo(f"{entry.file}: {_summary(entry)}, ended: {entry.state}")


@record.command(name="list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    run_dir: RunDirOption = None,
) -> None:
    """Show recordings under way and finished ones."""
    entries = Roll.of(find_run_dir(run_dir)).entries()
    if as_json:
        rows = [{**msgspec.to_builtins(entry), "state": entry.state} for entry in entries]
        typer.echo(json.dumps(rows))
        return
    if not entries:
        typer.echo("nothing was recorded")
        return
    for entry in entries:
        # The path on a line of its own, whole: it is what `replay` wants.
        started = entry.started[:19].replace("T", " ")
        sessions = ", ".join(entry.sessions) or "-"
        typer.echo(f"{started}  {entry.state}: {_summary(entry)} ({sessions})\n    {entry.file}")


def _spawn(place: RunDir, order: Order) -> None:
    log = os.open(place.logs / "record.log", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    try:
        line = [sys.executable, "-m", "streamtalk.cli.flight.recorder"]
        subprocess.Popen(
            [*line, msgspec.json.encode(order).decode()],
            env={**os.environ, "STREAMTALK_RUN_DIR": str(place.path)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=(order.ready,),
            cwd="/",
        )
    finally:
        os.close(log)


def _await_ready(place: RunDir, descriptor: int) -> None:
    """Raises InputError with what the recorder says, or where it says nothing."""
    said = b""
    deadline = time.monotonic() + _BEGIN_S
    with os.fdopen(descriptor, "rb", buffering=0) as pipe:
        while b"\n" not in said:
            left_s = max(0.0, deadline - time.monotonic())
            if not select.select([pipe], [], [], left_s)[0]:
                break
            part = pipe.read(4_096)
            if not part:
                break
            said += part
    text = said.decode("utf-8", "replace").strip()
    if text != "ready":
        message = text or f"the recorder did not begin: see {place.logs / 'record.log'}"
        raise InputError(message)


def _engines(directory: Directory) -> dict[str, list[str]]:
    services = {instance.service for instance in directory.instances}
    return {
        service: sorted({instance.engine for instance in usable(directory, service)})
        for service in sorted(services)
    }


def configuration_of(config: Path | None, profile: str | None) -> dict[str, Any]:
    """Tables that a replay with another engine needs; nothing that looks like a secret."""
    try:
        tables = merged(config, profile)
    except StreamTalkError:
        return {}
    return {stage: _without_secrets(tables[stage]) for stage in MODEL_SERVICES if stage in tables}


def _without_secrets(table: dict[str, Any]) -> dict[str, Any]:
    kept = {k: v for k, v in table.items() if not any(part in k.lower() for part in _SECRET)}
    return {k: _without_secrets(v) if isinstance(v, dict) else v for k, v in kept.items()}


def _summary(entry: Entry) -> str:
    sessions = f"{len(entry.sessions)} session{'' if len(entry.sessions) == 1 else 's'}"
    turns = f"{entry.turns} turn{'' if entry.turns == 1 else 's'}"
    return f"{entry.size_bytes / (1 << 20):.1f} MiB, {entry.duration_s:.0f} s, {sessions}, {turns}"


def _version() -> str:
    try:
        return importlib.metadata.version("streamtalk")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
