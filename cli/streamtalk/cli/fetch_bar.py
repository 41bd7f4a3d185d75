"""A progress bar for a model that is being fetched: size, speed, and the time that is left."""

from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as Bar

from streamtalk.cli.signals import all_as_interrupts
from streamtalk.runtime.models.progress import Progress, Report


def fetch_with_bar(
    model: str, fetch: Callable[[Report], Path | None], console: Console
) -> Path | None:
    """Do `fetch` under a bar; raises KeyboardInterrupt when a person stops it."""
    bar = Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
    )
    with all_as_interrupts(), bar:
        task = bar.add_task(model, total=None)

        def show(progress: Progress) -> bool:
            """Move the bar; nothing but Ctrl-C stops it."""
            bar.update(task, completed=progress.done_bytes, total=progress.total_bytes)
            return True

        return fetch(show)
