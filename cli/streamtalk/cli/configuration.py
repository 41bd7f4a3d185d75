"""The whole configuration, checked table by table against the services that read it."""

import importlib
import os
from pathlib import Path
from typing import Any, Final

import msgspec

from streamtalk.proto.errors import ConfigError
from streamtalk.runtime.config import Table, decode_table, from_environment, layer, read_toml

TABLES: Final = {
    "bus": "streamtalk.bus.config:BusConfig",
    "registry": "streamtalk.registry.config:RegistryConfig",
    "audio_io": "streamtalk.audio_io.config:AudioIoConfig",
    "vad": "streamtalk.vad.config:VadConfig",
    "turn": "streamtalk.turn.config:TurnConfig",
    "asr": "streamtalk.asr.config:AsrConfig",
    "orchestrator": "streamtalk.orchestrator.config:OrchestratorConfig",
    "tts": "streamtalk.tts.config:TtsConfig",
    "watchdog": "streamtalk.watchdog.config:WatchdogConfig",
}
"""Every table of `streamtalk.toml`, and the Struct that says what it may hold."""


def table_type(name: str) -> type[msgspec.Struct]:
    """The Struct of one table."""
    module, _, attribute = TABLES[name].partition(":")
    kind: type[msgspec.Struct] = getattr(importlib.import_module(module), attribute)
    return kind


def merged(config: Path | None, profile: str | None) -> Table:
    """File, profile and environment put together; raises ConfigError for an unknown table."""
    document = read_toml(config) if config else {}
    _refuse_unknown_tables(document, "")
    for name, overlay in document.get("profiles", {}).items():
        _refuse_unknown_tables(overlay, f"profiles.{name}.")
    return layer(document, profile, [from_environment(os.environ, TABLES)])


def check(config: Path | None, profile: str | None) -> dict[str, Any]:
    """Decode every table; raises ConfigError with the first mistake and its nearest cure."""
    tables = merged(config, profile)
    return {name: decode_table(name, tables.get(name, {}), table_type(name)) for name in TABLES}


def _refuse_unknown_tables(document: Table, prefix: str) -> None:
    import difflib

    known = [*TABLES, "profiles"]
    for name in document:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
            hint = f"; did you mean {prefix}{near[0]}?" if near else ""
            message = f"unknown configuration key {prefix}{name}{hint}"
            raise ConfigError(message)
