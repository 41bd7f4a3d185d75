"""Where each resolved value of the configuration comes from."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from streamtalk.cli.configuration import TABLES, check
from streamtalk.cli.toml_text import leaves
from streamtalk.proto.errors import ConfigError
from streamtalk.runtime.config import (
    CONFIG_VARIABLE,
    ENVIRONMENT_PREFIX,
    LAUNCH_VARIABLES,
    Table,
    from_environment,
    read_toml,
)


@dataclass(frozen=True)
class Setting:
    """One resolved value."""

    key: str
    value: Any
    source: str
    """`default`, the file's name, `profile NAME`, or the environment's variable."""


def resolve(config: Path | None, profile: str | None) -> list[Setting]:
    """Every value of every table; raises ConfigError for the first mistake."""
    decoded = check(config, profile)
    document = read_toml(config) if config else {}
    sources = _sources(document, str(config), profile)
    found = []
    for name in TABLES:
        for key, item in leaves({name: msgspec.to_builtins(decoded[name])}):
            found.append(Setting(key, item, _source(key, sources)))
    return found


def _sources(document: Table, file: str, profile: str | None) -> list[tuple[Table, str]]:
    """Layers, the strongest first."""
    overlay = document.get("profiles", {}).get(profile, {}) if profile else {}
    return [
        (from_environment(os.environ, TABLES), "environment"),
        (overlay, f"profile {profile}"),
        (document, file),
    ]


def _source(key: str, sources: list[tuple[Table, str]]) -> str:
    for layer, name in sources:
        if any(key == other or key.startswith(f"{other}.") for other, _ in leaves(layer)):
            if name != "environment":
                return name
            return ENVIRONMENT_PREFIX + key.upper().replace(".", "__")
    return "default"


def unread_variables() -> list[str]:
    """Variables that look like ours and are read by nobody, for a warning.

    `STREAMTALK_ASR_ENGINE` with one underscore is the usual mistake.
    """
    known = {*LAUNCH_VARIABLES, CONFIG_VARIABLE, "STREAMTALK_LLM_API_KEY", "STREAMTALK_PYTHON"}
    found = []
    for name in sorted(os.environ):
        table, separator, _ = name.removeprefix(ENVIRONMENT_PREFIX).lower().partition("__")
        ours = name.startswith(ENVIRONMENT_PREFIX) and name not in known
        if ours and not (separator and table in TABLES):
            found.append(name)
    return found


def refuse_unread_table(name: str) -> None:
    """Raise ConfigError for a table that is not there."""
    if name and name not in TABLES:
        message = f"no table [{name}]: there are {', '.join(TABLES)}"
        raise ConfigError(message)
