"""What `up` starts besides the first instance of each stage: replicas, and the fallback chain."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from streamtalk.cli import engines, overlay
from streamtalk.cli.chain import Link, links
from streamtalk.cli.configuration import check
from streamtalk.cli.reach import Reach
from streamtalk.cli.scale import Scaling
from streamtalk.cli.slots import Slots
from streamtalk.cli.stack import Stack
from streamtalk.runtime.config import Table
from streamtalk.runtime.swap_lock import hold_swap_lock

Chains = Mapping[str, Sequence[Link]]
"""The instances of each stage, the first choice first."""


def wanted(config: Path | None, profile: str | None) -> Chains:
    """What the configuration wants of each stage; raises ConfigError."""
    tables: Mapping[str, Any] = check(config, profile)
    chains = {name: links(name, tables[name]) for name in engines.STAGES}
    for name, chain in chains.items():
        for link in chain if tables[name].chain else ():
            overlay.validated(name, link.overlay, config, profile)
            engines.resolve(name, link.engine)
    return chains


def checked(config: Path | None, profile: str | None) -> Chains:
    """The same; raises EngineMissingError for an entry that cannot be loaded here.

    The one engine of a stage without a chain says that itself.
    """
    chains = wanted(config, profile)
    for name, chain in chains.items():
        for link in chain:
            if link.overlay:
                engines.require(engines.resolve(name, link.engine))
    return chains


def first_overlays(chains: Chains) -> dict[str, Table]:
    """What the slots that start by themselves have over the configuration."""
    return {f"{name}_0": chain[0].overlay for name, chain in chains.items() if chain[0].overlay}


def replaceable(chains: Chains) -> set[str]:
    """First slots that may fail: the next entry of their chain does their work."""
    return {f"{name}_0" for name, chain in chains.items() if any(link.rank for link in chain)}


def complete(stack: Stack, chains: Chains, wait_s: float, tell: Callable[[str], None]) -> list[str]:
    """Start what the configuration wants beyond one instance of each stage, and make it active.

    Returns why each one that did not load is missing, for a person.
    """
    more = {name: chain[1:] for name, chain in chains.items() if chain[1:]}
    missing: list[str] = []
    if not more:
        return missing
    with Reach(stack.run_dir) as reach:
        for name, chain in more.items():
            with hold_swap_lock(stack.run_dir, name):
                slots = Slots(stack, reach, name, tell)
                overlays = [link.overlay for link in chain]
                missing += Scaling(stack, slots, name, wait_s).add(overlays)
    return missing
