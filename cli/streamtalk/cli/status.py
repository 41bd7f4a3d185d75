"""`streamtalk status`: every instance, every session, and what is being brought."""

import json
from typing import Annotated, Any, Final

import msgspec
import typer
import zmq
from rich.console import Console
from rich.table import Table
from rich.text import Text

from streamtalk.cli.options import RunDirOption, find_run_dir
from streamtalk.cli.probe import FIELDS
from streamtalk.cli.upgrade import news
from streamtalk.client.peer import Peer
from streamtalk.client.rundir import RunDir
from streamtalk.client.sockets import BoundedContext
from streamtalk.proto.conversation import ListSessions, Sessions
from streamtalk.proto.directory import Directory, Lookup
from streamtalk.proto.errors import NotReadyError, StreamTalkError

_DEADLINE_S: Final = 2.0
_COLUMNS: Final = ("slot", "engine", "state", "pid", "up", "done", "queue", "MB", "")


def collect(run_dir: RunDir) -> dict[str, Any]:
    """Services, sessions and upgrades as `status --json` prints them."""
    try:
        with BoundedContext() as context:
            with Peer(context, run_dir.registry) as registry:
                directory = registry.call(Lookup(), Directory, _DEADLINE_S)
            sessions = _sessions(context, directory)
    except StreamTalkError as error:
        message = f"no stack answers in {run_dir.path}: start one with `streamtalk up`"
        raise NotReadyError(message) from error
    services = [{name: getattr(i, name) for name in FIELDS} for i in directory.instances]
    upgrade = news.read(run_dir)
    upgrades = [msgspec.to_builtins(upgrade)] if upgrade is not None else []
    return {"services": services, "sessions": sessions, "upgrades": upgrades}


def _sessions(context: "zmq.Context[Any]", directory: Directory) -> list[dict[str, Any]]:
    for instance in directory.instances:
        if instance.service == "orchestrator" and instance.ready:
            with Peer(context, instance.endpoint) as orchestrator:
                reply = orchestrator.call(ListSessions(), Sessions, _DEADLINE_S)
            rows = [msgspec.to_builtins(row) for row in reply.sessions]
            return [{name: row[name] for name in ("session", "state", "turn")} for row in rows]
    return []


def status(
    run_dir: RunDirOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show every instance, every session, and how far an upgrade has come."""
    found = collect(find_run_dir(run_dir))
    if as_json:
        typer.echo(json.dumps(found))
        return
    console = Console()
    console.print(_table(found["services"]))
    for row in found["sessions"]:
        console.print(f"session {row['session']}: {row['state']}, turn {row['turn']}")
    for row in found["upgrades"]:
        console.print(_upgrade_line(news.Upgrade(**row)), style="yellow")


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in _COLUMNS:
        right = name in ("pid", "up", "done", "queue", "MB")
        table.add_column(name, justify="right" if right else "left", no_wrap=name != "")
    for row in sorted(rows, key=lambda row: row["slot"]):
        state = Text(row["state"], "green" if row["ready"] else "red")
        counts = (row["items_done"], row["queue"], round(row["rss_mb"]))
        words = [str(row["pid"]), _duration(row["uptime_s"]), *(str(n) for n in counts)]
        note = row["reason"] or (f"rank {row['rank']}" if row["rank"] else "")
        table.add_row(row["slot"], row["engine"], state, *words, note)
    return table


def _upgrade_line(upgrade: news.Upgrade) -> str:
    line = news.sentence(upgrade)
    fetching = upgrade.phase == "fetching"
    return f"{line}: {news.progress_words(upgrade)}" if fetching else line


def _duration(seconds: float) -> str:
    for unit, length_s in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= 2 * length_s:
            return f"{seconds / length_s:.0f} {unit}"
    return f"{seconds:.0f} s"
