"""The overlay of a slot: engine and settings that a swap gave it, over the configuration."""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from streamtalk.cli.configuration import merged, table_type
from streamtalk.cli.toml_text import dump
from streamtalk.client.rundir import RunDir
from streamtalk.proto.errors import ConfigError
from streamtalk.runtime.config import (
    Table,
    decode_table,
    from_environment,
    merge,
    nest,
    parse_setting,
    read_toml,
)


def path_of(run_dir: RunDir, slot: str) -> Path:
    """The overlay file of a slot, which need not exist."""
    return run_dir.slots / f"{slot}.toml"


def current(run_dir: RunDir, slot: str) -> Table:
    """The overlay that a slot has now."""
    path = path_of(run_dir, slot)
    return read_toml(path) if path.exists() else {}


def of_profile(service: str, config: Path | None, profile: str) -> Table:
    """What a profile of the configuration says of the service; raises ConfigError for nothing."""
    profiles = (read_toml(config) if config else {}).get("profiles", {})
    if profile not in profiles:
        known = ", ".join(sorted(profiles)) or "none"
        raise ConfigError(f"no profile {profile!r}: the configuration has {known}")
    table = profiles[profile].get(service)
    if not isinstance(table, dict):
        raise ConfigError(f"profile {profile!r} says nothing of {service}: nothing would change")
    return dict(table)


def changed(below: Table, engine: str | None, settings: Sequence[str]) -> Table:
    """The overlay after `--engine` and every `--set`; raises ConfigError for a bad `--set`."""
    overlay = below
    for text in settings:
        path, value = parse_setting(text)
        overlay = merge(overlay, nest(path, value))
    return merge(overlay, {"engine": engine}) if engine else overlay


def validated(
    service: str, overlay: Table, config: Path | None, profile: str | None
) -> msgspec.Struct:
    """The service's settings with the overlay; raises ConfigError naming the key.

    Also where the environment would win over the overlay: then the swap would change nothing.
    """
    base = merged(config, profile).get(service, {})
    kind = table_type(service)
    decoded = decode_table(service, merge(base, overlay), kind)
    environment = from_environment(os.environ, [service]).get(service, {})
    if decode_table(service, merge(merge(base, overlay), environment), kind) != decoded:
        message = (
            f"STREAMTALK_{service.upper()}__… in the environment is stronger than a swap: unset it"
        )
        raise ConfigError(message)
    return decoded


def write(run_dir: RunDir, slot: str, overlay: Table) -> None:
    """Replace the overlay of a slot at once or not at all."""
    path = path_of(run_dir, slot)
    fresh = path.with_suffix(".toml.new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write("# Written by `streamtalk swap`; gone with the next `streamtalk up`.\n")
        file.write(dump(overlay))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def remove(run_dir: RunDir, slot: str) -> None:
    """Back to the configuration."""
    path_of(run_dir, slot).unlink(missing_ok=True)
