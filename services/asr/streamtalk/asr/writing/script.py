"""Simplified or traditional characters, by OpenCC (Apache-2.0), which is loaded when it is used."""

import functools
import importlib.util
from collections.abc import Callable
from typing import Final, Literal

Script = Literal["simplified", "traditional", "as heard"]

_CONFIGURATIONS: Final[dict[Script, str]] = {"simplified": "t2s", "traditional": "s2tw"}
_OPENINGS: Final[dict[Script, str]] = {
    "simplified": "以下是普通话的句子，用简体中文书写。",
    "traditional": "以下是普通話的句子，用繁體中文書寫。",
}


def has_converter() -> bool:
    """Whether OpenCC is installed; without it characters stay as they were heard."""
    return importlib.util.find_spec("opencc") is not None


def converted(text: str, script: Script) -> str:
    """`text` in another script; as it is where OpenCC is missing. Words stay the same words."""
    name = _CONFIGURATIONS.get(script)
    return text if name is None else _converter(name)(text)


def opening(script: Script) -> str:
    """What a model that takes a prompt is told, so that it writes so, and with punctuation."""
    return _OPENINGS.get(script, "")


@functools.cache
def _converter(name: str) -> Callable[[str], str]:
    if not has_converter():
        return str
    from opencc import OpenCC  # noqa: PLC0415 — an extra, and 6 ms of dictionaries

    convert: Callable[[str], str] = OpenCC(name).convert
    return convert
