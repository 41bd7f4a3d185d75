"""What `up` starts besides the first instance of each stage: replicas, and the fallback chain."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from streamtalk.cli import engines
from streamtalk.cli.configuration import check
from streamtalk.cli.reach import Reach
from streamtalk.cli.scale import Scaling
from streamtalk.cli.slots import Slots
from streamtalk.cli.stack import Stack
from streamtalk.runtime.config import ModelConfig
from streamtalk.runtime.swap_lock import hold_swap_lock

FALLBACK_RANK = 1


def checked(config: Path | None, profile: str | None) -> Mapping[str, ModelConfig]:
    """The tables of the stages; raises ConfigError, or EngineMissingError for a fallback."""
    tables: Mapping[str, Any] = check(config, profile)
    stages: dict[str, ModelConfig] = {name: tables[name] for name in engines.STAGES}
    for name, table in stages.items():
        if table.fallback:
            engines.require(engines.resolve(name, table.fallback))
    return stages


def complete(
    stack: Stack, stages: Mapping[str, ModelConfig], wait_s: float, tell: Callable[[str], None]
) -> None:
    """Start what the configuration wants beyond one instance of each stage, and make it active."""
    more = {name: table for name, table in stages.items() if table.replicas > 1 or table.fallback}
    if not more:
        return
    with Reach(stack.run_dir) as reach:
        for name, table in more.items():
            with hold_swap_lock(stack.run_dir, name):
                slots = Slots(stack, reach, name, tell)
                scaling = Scaling(stack, slots, name, wait_s)
                scaling.to(table.replicas)
                if table.fallback:
                    (slot,) = slots.free(1, slots.directory())
                    scaling.add(slot, {"engine": table.fallback, "rank": FALLBACK_RANK})
