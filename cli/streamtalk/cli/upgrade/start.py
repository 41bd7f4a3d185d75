"""What `up` does for an upgrade: looks whether one is wanted, and has it done in the background."""

import time
from pathlib import Path
from typing import Any, Final

import typer
from msgspec.structs import replace

from streamtalk.asr.engine import ENGINES
from streamtalk.asr.whisper.places import AUTO, is_here
from streamtalk.cli.configuration import merged, table_type
from streamtalk.cli.stack import Stack
from streamtalk.cli.upgrade import news
from streamtalk.cli.upgrade.plan import ENGINE, SERVICE, Start, plan
from streamtalk.proto.errors import NotReadyError
from streamtalk.runtime.config import Table, decode_table, merge
from streamtalk.runtime.engine_table import missing_modules

FIRST_SLOT: Final = f"{SERVICE}_0"
PROGRAM: Final = "upgrade_0"
_STOP_S: Final = 15.0
_POLL_S: Final = 0.05


def beginning(config: Path | None, profile: str | None, overlay: Table) -> Start:
    """How recognition begins here; `overlay` is what the chain gives its first instance."""
    table = merge(merged(config, profile).get(SERVICE, {}), overlay)
    decoded: Any = decode_table(SERVICE, table, table_type(SERVICE))
    installed = not missing_modules(ENGINES[ENGINE])

    def here(model: str) -> bool:
        if model != AUTO:
            return is_here(model)
        from streamtalk.asr.whisper.auto import is_wanted_here

        return is_wanted_here(decoded.engines.faster_whisper, decoded.threads)

    return plan(decoded, overlay, installed=installed, is_here=here)


def announce(stack: Stack, upgrade: news.Upgrade) -> None:
    """Say what will happen, and let it happen."""
    news.write(stack.run_dir, upgrade)
    stack.supervisor.start(PROGRAM)
    text = f"{news.sentence(upgrade)}; `streamtalk status` shows how far it is"
    typer.echo(f"streamtalk: {text}", err=True)


def stop_bringing(stack: Stack) -> str:
    """End the upgrade of a running stack, keeping what was fetched; says what came of it."""
    upgrade = news.read(stack.run_dir)
    if upgrade is None or upgrade.phase in news.OVER:
        return "nothing is being fetched"
    stack.supervisor.stop(PROGRAM)
    deadline = time.monotonic() + _STOP_S
    while stack.supervisor.process(PROGRAM).pid:
        if time.monotonic() > deadline:
            raise NotReadyError(f"{PROGRAM} does not end; see {stack.run_dir.logs}")
        time.sleep(_POLL_S)
    upgrade = news.read(stack.run_dir) or upgrade
    if upgrade.phase == "done":
        return news.sentence(upgrade)
    message = f"cancelled; `streamtalk fetch {upgrade.service}` goes on where it stopped"
    news.write(stack.run_dir, replace(upgrade, phase="failed", message=message))
    return f"{upgrade.model}: {message}"
