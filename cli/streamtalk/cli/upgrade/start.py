"""What `up` does for an upgrade: looks whether one is wanted, and has it done in the background."""

from pathlib import Path
from typing import Any, Final

import typer

from streamtalk.asr.engine import ENGINES
from streamtalk.asr.whisper.places import AUTO, is_here
from streamtalk.cli.configuration import merged, table_type
from streamtalk.cli.stack import Stack
from streamtalk.cli.upgrade import news
from streamtalk.cli.upgrade.plan import ENGINE, SERVICE, Start, plan
from streamtalk.runtime.config import Table, decode_table, merge
from streamtalk.runtime.engine_table import missing_modules

FIRST_SLOT: Final = f"{SERVICE}_0"
PROGRAM: Final = "upgrade_0"


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
