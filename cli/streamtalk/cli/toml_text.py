"""Writes nested tables as TOML, one dotted key on each line; the reader is `tomllib`."""

import json
import re
from collections.abc import Iterator, Mapping

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def dump(table: Mapping[str, object]) -> str:
    """The text of a table of strings, numbers, booleans, lists and tables; None is left out."""
    return "".join(f"{key} = {value(item)}\n" for key, item in leaves(table))


def leaves(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every value that is no table, with its dotted key; an empty table counts as a value."""
    for name, item in table.items():
        path = f"{prefix}{_key(name)}"
        if isinstance(item, Mapping) and item:
            yield from leaves(item, f"{path}.")
        elif item is not None:
            yield path, item


def value(item: object) -> str:
    """One value on one line."""
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, str):
        # JSON's escapes are TOML's, but for DEL, which TOML wants escaped.
        return json.dumps(item, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(item, list | tuple):
        return "[" + ", ".join(value(each) for each in item) + "]"
    if isinstance(item, Mapping):
        return "{" + ", ".join(f"{_key(k)} = {value(v)}" for k, v in item.items()) + "}"
    return str(item)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else value(name)
