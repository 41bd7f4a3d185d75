"""Engines stand in one explicit table per service and are imported only when chosen."""

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streamtalk.proto.errors import ConfigError, EngineMissingError
from streamtalk.runtime.installing import how_to_install


@dataclass(frozen=True)
class EngineSpec:
    """One row of a service's `ENGINES`."""

    target: str
    """`module:Class`, called with the engine's settings."""

    requires: tuple[str, ...] = ()
    """Import names that must be installed."""

    extra: str = ""
    """Extra of the distribution that brings them; empty: the default install does."""


def missing_modules(spec: EngineSpec) -> list[str]:
    """The modules of `spec.requires` that are not installed."""
    return [name for name in spec.requires if importlib.util.find_spec(name) is None]


def check_installed(what: str, spec: EngineSpec) -> None:
    """Raise EngineMissingError, saying what to install for `what`, where a module is missing."""
    if missing := missing_modules(spec):
        needed, command = ", ".join(missing), how_to_install(spec.extra)
        raise EngineMissingError(f"{what} needs {needed}: {command}")


def create_engine(
    service: str, table: Mapping[str, EngineSpec], name: str, settings: object
) -> Any:  # noqa: ANN401 — each service has its own engine Protocol
    """Import and construct the named engine, or a user's own `module:Class`.

    Raises EngineMissingError naming the extra to install, ConfigError for a name that is not
    in the table.
    """
    spec = table.get(name) or (EngineSpec(name) if ":" in name else None)
    if spec is None:
        message = f"{service} has no engine {name!r}: choose one of {', '.join(sorted(table))}"
        raise ConfigError(message)
    check_installed(f"engine {name!r} of {service}", spec)
    module, _, attribute = spec.target.partition(":")
    try:
        target = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        message = f"engine {name!r} of {service} cannot be imported: {error}"
        raise EngineMissingError(message) from error
    return target(settings)
