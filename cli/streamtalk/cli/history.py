"""`streamtalk history`: what was said, listed, exported, deleted."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from streamtalk.cli.configuration import check
from streamtalk.cli.options import (
    ConfigOption,
    ProfileOption,
    RunDirOption,
    find_config,
    find_run_dir,
)
from streamtalk.orchestrator.history import History, SessionSummary
from streamtalk.orchestrator.history_place import history_path
from streamtalk.proto.errors import ConfigError, InputError

history = typer.Typer(help="List, export and delete what was said.", no_args_is_help=False)


@history.callback(invoke_without_command=True)
def _default(
    context: typer.Context,
    run_dir: RunDirOption = None,
    config: ConfigOption = None,
    profile: ProfileOption = None,
) -> None:
    """List, export and delete what was said; lists where nothing else is named."""
    if context.invoked_subcommand is None:
        list_sessions(run_dir=run_dir, config=config, profile=profile)
        return
    given = {"run_dir": run_dir, "config": config, "profile": profile}
    named = {name: str(value) for name, value in given.items() if value is not None}
    context.default_map = {context.invoked_subcommand: named}


def _open(run_dir: Path | None, config: Path | None, profile: str | None) -> History:
    settings = check(find_config(config), profile)["orchestrator"]
    path = history_path(settings, find_run_dir(run_dir))
    if not path.exists():
        message = f"nothing was said yet: there is no history at {path}"
        raise InputError(message)
    return History(path)


@history.command("list")
def list_sessions(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    run_dir: RunDirOption = None,
    config: ConfigOption = None,
    profile: ProfileOption = None,
) -> None:
    """Show every session, the one used last first."""
    opened = _open(run_dir, config, profile)
    try:
        rows = opened.sessions()
    finally:
        opened.close()
    if as_json:
        typer.echo(json.dumps([_plain(row) for row in rows], ensure_ascii=False))
        return
    if not rows:
        typer.echo("nothing is kept")
        return
    table = Table(box=None, header_style="bold")
    for name in ("session", "turns", "last used", "began with"):
        table.add_column(name)
    for row in rows:
        last_used = _local(row.updated_unix_ns)
        table.add_row(row.session, str(row.turns), last_used, row.first_words)
    Console().print(table)


def _plain(row: SessionSummary) -> dict[str, object]:
    return {name: getattr(row, name) for name in row.__struct_fields__}


def _local(unix_ns: int) -> str:
    moment = datetime.fromtimestamp(unix_ns / 1e9, tz=UTC).astimezone()
    return moment.strftime("%Y-%m-%d %H:%M")


@history.command()
def export(
    session: Annotated[str, typer.Argument(help="As `streamtalk history` lists it.")],
    out: Annotated[Path | None, typer.Option(help="File; without it, standard output.")] = None,
    run_dir: RunDirOption = None,
    config: ConfigOption = None,
    profile: ProfileOption = None,
) -> None:
    """Write all of a session as JSON."""
    opened = _open(run_dir, config, profile)
    try:
        text = json.dumps(opened.export(session), ensure_ascii=False, indent=2)
    finally:
        opened.close()
    if out is None:
        typer.echo(text)
        return
    try:
        out.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        message = f"cannot write {out}: {error.strerror}"
        raise InputError(message) from error


@history.command()
def delete(
    session: Annotated[str | None, typer.Argument(help="As `streamtalk history` lists it.")] = None,
    all_sessions: Annotated[bool, typer.Option("--all", help="Every session.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    run_dir: RunDirOption = None,
    config: ConfigOption = None,
    profile: ProfileOption = None,
) -> None:
    """Erase a session, or all of them, from the disk too."""
    if (session is None) is not all_sessions:
        message = "name one session, or --all"
        raise ConfigError(message)
    opened = _open(run_dir, config, profile)
    try:
        if all_sessions and not yes:
            typer.confirm(f"Erase all {len(opened.sessions())} sessions?", abort=True)
        erased = opened.delete(session)
    finally:
        opened.close()
    if not erased:
        message = f"no session {session!r} in the history: see `streamtalk history`"
        raise InputError(message)
    typer.echo(f"erased {erased} session{'' if erased == 1 else 's'}")
