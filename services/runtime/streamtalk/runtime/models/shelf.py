"""Where fetched models lie: `<user's cache>/models/<owner>--<name>/<commit>`."""

import re
from pathlib import Path
from typing import Final

from streamtalk.client.rundir import user_cache_dir
from streamtalk.proto.errors import InputError

_ID: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
CURRENT: Final = "current"
"""File beside the commits that names the one which was fetched last, written when it is whole."""


def default_folder() -> Path:
    """Where models are kept: in the person's cache directory."""
    return user_cache_dir() / "models"


def is_hub_id(model: str) -> bool:
    """Whether `model` is `owner/name`; a relative path of two parts looks the same."""
    return _ID.fullmatch(model) is not None and ".." not in model


def check_id(model: str) -> str:
    """`model` if it is `owner/name`; raises InputError otherwise."""
    if not is_hub_id(model):
        raise InputError(f"{model[:80]!r} is no model of a hub: write owner/name")
    return model


def home_of(model: str, folder: Path) -> Path:
    """What of `model` is here, whole or not; raises InputError where `model` is no hub id."""
    return folder / check_id(model).replace("/", "--")


def cached(model: str, folder: Path) -> Path | None:
    """The files of `model` that were fetched last, whole; None: there are none."""
    home = home_of(model, folder)
    try:
        commit = (home / CURRENT).read_text().strip()
    except FileNotFoundError:
        return None
    path = home / commit
    return path if commit.isalnum() and path.is_dir() else None
