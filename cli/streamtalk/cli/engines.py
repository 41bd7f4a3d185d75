"""Which engine each stage would use, and whether what it needs is installed."""

import difflib
import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from streamtalk.proto.directory import MODEL_SERVICES
from streamtalk.proto.errors import ConfigError, EngineMissingError
from streamtalk.runtime.engine_table import EngineSpec, missing_modules
from streamtalk.runtime.installing import how_to_install

STAGES: Final = MODEL_SERVICES
"""Services whose engine can be chosen, and changed by a swap."""


@dataclass(frozen=True)
class Choice:
    """The engine of one stage."""

    stage: str
    engine: str
    why: str
    missing: list[str]
    """Modules that are not installed."""

    install: str = ""
    """The command that would install them."""


def table_of(stage: str) -> Mapping[str, EngineSpec]:
    """The engines of a stage."""
    module = importlib.import_module(f"streamtalk.{stage}.engine")
    table: Mapping[str, EngineSpec] = module.ENGINES
    return table


def resolve(stage: str, wanted: str) -> Choice:
    """What `wanted` means here; raises ConfigError for an engine that the stage does not have."""
    table = table_of(stage)
    if wanted == "auto":
        return _auto(stage, table)
    if ":" in wanted:
        return _own(stage, wanted)
    if wanted not in table:
        near = difflib.get_close_matches(wanted, table, n=1, cutoff=0.4)
        hint = f" (did you mean {near[0]}?)" if near else ""
        message = f"{stage} has no engine {wanted!r}{hint}: choose one of {', '.join(table)}"
        raise ConfigError(message)
    return _choice(stage, wanted, "configured", table[wanted])


def _auto(stage: str, table: Mapping[str, EngineSpec]) -> Choice:
    real = [name for name in table if name != "scripted"]
    installed = [name for name in real if not missing_modules(table[name])]
    named = getattr(importlib.import_module(f"streamtalk.{stage}.engine"), "AUTO", "")
    name = named if named in table else (installed or real)[0]
    return _choice(stage, name, "auto: the best that is installed", table[name])


def _own(stage: str, target: str) -> Choice:
    module = target.partition(":")[0]
    try:
        missing = [] if importlib.util.find_spec(module) else [module]
    except (ImportError, ValueError):
        missing = [module]
    return Choice(stage, target, "configured: an engine of your own", missing)


def _choice(stage: str, name: str, why: str, spec: EngineSpec) -> Choice:
    missing = missing_modules(spec)
    install = how_to_install(spec.extra) if missing else ""
    return Choice(stage, name, why, missing, install)


def require(choice: Choice) -> None:
    """Raise EngineMissingError naming what to install, if anything is missing."""
    if choice.missing:
        advice = f": {choice.install}" if choice.install else ""
        needed = ", ".join(choice.missing)
        message = f"engine {choice.engine!r} of {choice.stage} needs {needed}{advice}"
        raise EngineMissingError(message)
