"""Where a Whisper model lies: a folder as it stands, our own store, or the hub's cache."""

import os
from pathlib import Path
from typing import Final

from streamtalk.asr.whisper.model_files import NAMES, check_model, hub_id
from streamtalk.proto.errors import EngineError, InputError
from streamtalk.runtime.models.shelf import cached, default_folder, is_hub_id

AUTO: Final = "auto"
"""The largest model that is quick enough here: see `choice.py`."""


def is_folder(model: str) -> bool:
    """Whether the name is a place on this machine, and nothing that a hub has."""
    return model.startswith((".", "/", "~")) or Path(model).is_dir()


def find_model(model: str) -> Path | None:
    """The folder of a model that was fetched before, or of one named by its folder.

    None: it is not on this machine. What is damaged is found all the same. Raises InputError for a
    name that is neither a size, nor a folder, nor a hub id.
    """
    if is_folder(model):
        path = Path(model).expanduser()
        return path if path.is_dir() else None
    published = hub_id(model)
    if not is_hub_id(published):
        sizes = ", ".join(NAMES)
        raise InputError(f"no Whisper is called {model!r}: {sizes}, a folder, or owner/name")
    return cached(published, default_folder()) or _of_hub_tools(published)


def is_here(model: str) -> bool:
    """Whether the model is on this machine and whole."""
    folder = find_model(model)
    if folder is None:
        return False
    try:
        check_model(folder)
    except EngineError:
        return False
    return True


def _of_hub_tools(model: str) -> Path | None:
    """What `huggingface-cli download` and others have left in their cache.

    Its layout: `models--OWNER--NAME/refs/main` names a commit, `snapshots/COMMIT` has the files.
    """
    home = os.environ.get("HF_HOME") or "~/.cache/huggingface"
    cache = Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub").expanduser()
    folder = cache / f"models--{model.replace('/', '--')}"
    try:
        commit = (folder / "refs" / "main").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    path = folder / "snapshots" / commit
    return path if commit.isalnum() and path.is_dir() else None
