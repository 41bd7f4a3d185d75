"""One `streamtalk.toml`, in layers.

Defaults < file < profile < slot overlay < environment < command line.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import msgspec

from streamtalk.proto.errors import ConfigError

ENVIRONMENT_PREFIX: Final = "STREAMTALK_"
CONFIG_VARIABLE: Final = "STREAMTALK_CONFIG"
PROFILE_VARIABLE: Final = "STREAMTALK_PROFILE"
RUN_DIR_VARIABLE: Final = "STREAMTALK_RUN_DIR"
LAUNCH_VARIABLES: Final = {CONFIG_VARIABLE, PROFILE_VARIABLE, RUN_DIR_VARIABLE}
"""How `up` tells the services where they are; no configuration keys."""

THREAD_VARIABLES: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""What libraries of mathematics read when they are loaded."""

_UNKNOWN = re.compile(r"unknown field `(?P<key>[^`]+)`(?: - at `\$\.?(?P<path>[^`]*)`)?")

Table = dict[str, Any]


class ProcessConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the table of every process may hold."""

    nice: int = 0
    """Niceness of the process; higher gives way to others."""

    http_port: Annotated[int, msgspec.Meta(ge=0, le=65_000)] = 0
    """Port for probes by HTTP: `/livez`, `/readyz`, `/startupz`, `/metrics`; 0: none.

    The number of the slot is added to it, so that replicas do not collide.
    """

    http_host: str = "127.0.0.1"
    """Address of that port. Any other than a loopback one shows it, unprotected, to the network."""


class ServiceConfig(ProcessConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the table of every service with an engine may hold."""

    engine: str = "auto"
    """Name of the engine, `module:Class` for one of your own, or `auto`."""

    queue_limit: int = 32
    """Calls that may wait for the engine before further ones are refused."""

    background_nice: Annotated[int, msgspec.Meta(ge=0, le=19)] = 10
    """Added for work that nobody waits for: partial transcripts, speech far ahead, loading beside
    an instance that people talk with."""

    threads: Annotated[int, msgspec.Meta(ge=1, le=1_024)] = 1
    """Threads that the mathematics of a model may use, by OpenMP or BLAS."""


class ChainEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of a `chain`, where its engine's name alone does not say enough."""

    engine: str
    settings: Table = {}
    """Over `engines.<engine>` of the stage's table."""

    replicas: Annotated[int, msgspec.Meta(ge=1, le=3)] = 1
    """Instances that are alike; callers choose the least loaded."""

    endpoints: Annotated[list[Table], msgspec.Meta(max_length=3)] = []
    """One instance for each, with these settings besides, such as a server's address; they share
    the load like replicas."""

    first_audio_ms: Annotated[float, msgspec.Meta(ge=0.0, le=3_600_000.0)] = 0.0
    """Of `tts`: time to the first audio before the next entry speaks; 0: by what it is used to."""


class ModelConfig(ServiceConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the table of a service with a model may hold besides."""

    replicas: Annotated[int, msgspec.Meta(ge=1, le=3)] = 1
    """Instances that `up` starts; callers choose the least loaded."""

    fallback: str = ""
    """Engine of one more instance, which is used while none of the first choice is ready: short
    for a chain of two."""

    chain: Annotated[list[str | ChainEntry], msgspec.Meta(max_length=6)] = []
    """Engines in the order in which they are used, each in a process of its own; in place of
    `engine`, `replicas` and `fallback`."""

    last_resort: str = ""
    """Engine that a `chain` ends with, whether or not it is named there; empty: none."""

    rank: Annotated[int, msgspec.Meta(ge=0, le=9)] = 0
    """Place in the chain, from 0; `up` gives it to each instance."""

    trial_s: Annotated[float, msgspec.Meta(ge=0.0, le=3_600.0)] = 10.0
    """After a swap the old instance is kept for this long while people talk with the new one."""

    trial_slower: Annotated[float, msgspec.Meta(ge=0.0, le=1_000.0)] = 3.0
    """Meanwhile the swap is undone where the new one is slower by this factor; 0: however slow."""


C = TypeVar("C", bound=msgspec.Struct)


def merge(below: Table, above: Mapping[str, Any]) -> Table:
    """A new table: `above` over `below`, tables within tables merged likewise."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = (
            merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
        )
    return merged


def read_toml(path: Path) -> Table:
    """Parse a TOML file; raises ConfigError with the place of the mistake."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"cannot read configuration {path}: {error.strerror}"
        raise ConfigError(message) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{path} is not TOML: {error}"
        raise ConfigError(message) from error


def from_environment(environment: Mapping[str, str], tables: Iterable[str]) -> Table:
    """`STREAMTALK_ASR__ENGINE=x` becomes {"asr": {"engine": "x"}}, for the named tables."""
    known = set(tables)
    result: Table = {}
    for variable, value in sorted(environment.items()):
        if not variable.startswith(ENVIRONMENT_PREFIX) or variable in LAUNCH_VARIABLES:
            continue
        path = variable.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
        if len(path) > 1 and path[0] in known:
            result = merge(result, nest(path, value))
    return result


def nest(path: list[str], value: object) -> Table:
    """{"a": {"b": value}} of ["a", "b"]."""
    table: Any = value
    for key in reversed(path):
        table = {key: table}
    return dict(table)


def parse_setting(text: str) -> tuple[list[str], object]:
    """Split `a.b=value`; the value is read as TOML where it is TOML, else as a string."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        message = f"--set wants KEY=VALUE, not {text!r}"
        raise ConfigError(message)
    try:
        parsed = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        parsed = value
    return key.strip().split("."), parsed


def layer(
    document: Table,
    profile: str | None,
    overlays: Iterable[Mapping[str, Any]],
) -> Table:
    """Put the profile and the overlays over the file's own tables.

    Raises ConfigError for a profile that the file does not have.
    """
    profiles = document.get("profiles", {})
    if not isinstance(profiles, dict):
        message = "`profiles` is no table: write [profiles.<name>.<service>]"
        raise ConfigError(message)
    result = {key: value for key, value in document.items() if key != "profiles"}
    if profile:
        if profile not in profiles:
            message = (
                f"no profile {profile!r}: the file has {', '.join(sorted(profiles)) or 'none'}"
            )
            raise ConfigError(message)
        if not isinstance(profiles[profile], dict):
            message = f"profile {profile!r} is no table: write [profiles.{profile}.<service>]"
            raise ConfigError(message)
        result = merge(result, profiles[profile])
    for overlay in overlays:
        result = merge(result, overlay)
    return result


def decode_table(name: str, table: object, kind: type[C]) -> C:
    """Read one table into its Struct.

    Raises ConfigError with the path of an unknown key and the nearest valid one, or of a bad value.
    """
    try:
        return msgspec.convert(table, kind, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(_explain(name, str(error), kind)) from error


def _explain(name: str, text: str, kind: type[msgspec.Struct]) -> str:
    found = _UNKNOWN.search(text)
    if found is None:
        return f"[{name}]: {text.replace('$', name)}"
    inner = found["path"] or ""
    path = ".".join(part for part in (name, inner, found["key"]) if part)
    near = difflib.get_close_matches(found["key"], valid_keys(kind, inner), n=1, cutoff=0.4)
    hint = f"; did you mean {path.removesuffix(found['key'])}{near[0]}?" if near else ""
    return f"unknown configuration key {path}{hint}"


def valid_keys(kind: type[msgspec.Struct], path: str) -> list[str]:
    """The keys that the Struct at dotted `path` below `kind` accepts."""
    node: Any = kind
    for part in filter(None, path.split(".")):
        types = {field.name: field.type for field in msgspec.structs.fields(node)}
        node = types.get(part)
        if not (isinstance(node, type) and issubclass(node, msgspec.Struct)):
            return []
    return [field.name for field in msgspec.structs.fields(node)]


def launch_environment() -> tuple[Path | None, str | None]:
    """(configuration file, profile) that `up` put into the environment."""
    path = os.environ.get(CONFIG_VARIABLE)
    return (Path(path) if path else None), (os.environ.get(PROFILE_VARIABLE) or None)
