"""The chain of a stage as instances: which engine with which settings, and in which order; no I/O.

One concept for all of it: `engine`, `replicas` and `fallback` are the short form of a chain of one
or two entries.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from streamtalk.proto.errors import ConfigError
from streamtalk.runtime.config import ChainEntry, ModelConfig, Table

SLOTS: Final = 7
"""supervisord.conf declares so many slots of each stage."""


@dataclass(frozen=True)
class Link:
    """One instance of a chain."""

    engine: str
    rank: int
    overlay: Table
    """What its slot has over the configuration; empty: the configuration says it all."""


def links(service: str, config: ModelConfig) -> list[Link]:
    """Every instance that `up` is to start, the first choice first; raises ConfigError."""
    found = [
        Link(entry.engine, rank, overlay)
        for rank, entry in enumerate(_entries(service, config))
        for overlay in _overlays(entry, rank, named=bool(config.chain))
    ]
    first = sum(link.rank == 0 for link in found)
    if len(found) + first > SLOTS:
        message = (
            f"{service}.chain wants {len(found)} instances, and a swap of its first entry "
            f"{first} more, of {SLOTS} slots: take away entries, replicas or endpoints"
        )
        raise ConfigError(message)
    return found


def _entries(service: str, config: ModelConfig) -> Sequence[ChainEntry]:
    if not config.chain:
        first = ChainEntry(engine=config.engine, replicas=config.replicas)
        return [first, ChainEntry(engine=config.fallback)] if config.fallback else [first]
    if config.engine != "auto" or config.fallback or config.replicas > 1:
        message = (
            f"{service}.chain names the engines: take {service}.engine, {service}.fallback and "
            f"{service}.replicas away, in the environment too; an entry has its own replicas"
        )
        raise ConfigError(message)
    entries = [ChainEntry(engine=e) if isinstance(e, str) else e for e in config.chain]
    last = config.last_resort
    if last and entries[-1].engine != last:
        entries.append(ChainEntry(engine=last))
    return entries


def _overlays(entry: ChainEntry, rank: int, *, named: bool) -> list[Table]:
    """One for each instance of the entry."""
    if entry.endpoints and entry.replicas > 1:
        message = f"the entry of {entry.engine!r} has replicas and endpoints: choose one of them"
        raise ConfigError(message)
    table: Table = {"engine": entry.engine, "rank": rank} if named or rank else {}
    if entry.first_audio_ms:
        table["first_audio_ms"] = entry.first_audio_ms
    if not (entry.settings or entry.endpoints):
        return [table] * entry.replicas
    each = [{**entry.settings, **more} for more in entry.endpoints or [{}] * entry.replicas]
    return [{**table, "engines": {entry.engine: settings}} for settings in each]
