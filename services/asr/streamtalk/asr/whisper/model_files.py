"""A Whisper model on disk: where it is, and whether it is whole."""

import json
import re
from pathlib import Path
from typing import Final

from streamtalk.proto.errors import EngineError, EngineMissingError
from streamtalk.runtime.models.shelf import default_folder

NAMES: Final = {
    "tiny": "Systran/faster-whisper-tiny",
    "base": "Systran/faster-whisper-base",
    "small": "Systran/faster-whisper-small",
    "medium": "Systran/faster-whisper-medium",
    "large-v3": "Systran/faster-whisper-large-v3",
    "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
}
"""Hub ids of the published models by the name that configuration uses, the smallest first."""

WANTED: Final = re.compile(
    r"model\.bin|(config|preprocessor_config|tokenizer)\.json|vocabulary\.(json|txt)", re.ASCII
)
"""What is fetched of a repository of the hub."""

_NEEDED: Final = ("model.bin", "config.json", "tokenizer.json")
_VOCABULARIES: Final = ("vocabulary.json", "vocabulary.txt")
_SMALLEST_BYTES: Final = 100_000
"""No Whisper is smaller; a page of an error message is."""

_UNFINISHED: Final = (".incomplete", ".part", ".aria2")


def hub_id(model: str) -> str:
    """The hub's name of a model: a short name's, or what it is already."""
    return NAMES.get(model, model)


def advice(model: str) -> str:
    """How to bring a model that is not here, with or without a network."""
    return (
        f"`streamtalk fetch asr --model {model}` brings it (Whisper's weights are under the MIT "
        "licence); without a network do that on another machine and copy "
        f"{default_folder()} to the same place here"
    )


def check_model(folder: Path) -> None:
    """Raise a named error unless `folder` holds every file of a CTranslate2 Whisper, readable.

    Raises EngineMissingError where files are missing or were not fetched wholly, EngineError where
    one is damaged.
    """
    if not folder.is_dir():
        raise EngineMissingError(f"no model at {folder}: name a folder, or a model to fetch")
    for unfinished in folder.iterdir():
        if unfinished.name.endswith(_UNFINISHED):
            text = f"{unfinished.name} in {folder} is half a download: fetch the model again"
            raise EngineMissingError(text)
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if not any((folder / name).is_file() for name in _VOCABULARIES):
        missing.append(_VOCABULARIES[0])
    if missing:
        files = ", ".join(missing)
        raise EngineMissingError(f"the model in {folder} lacks {files}: fetch it again")
    _check_json(folder / "tokenizer.json", "model")
    _check_json(folder / "config.json", "suppress_ids")
    size = (folder / "model.bin").stat().st_size
    if size < _SMALLEST_BYTES:
        text = f"model.bin in {folder} has {size} bytes, which is no model: fetch it again"
        raise EngineError(text)


def _check_json(path: Path, key: str) -> None:
    try:
        found = json.loads(path.read_bytes())
    except ValueError as error:
        raise EngineError(f"{path} is damaged ({error}): fetch the model again") from error
    if not isinstance(found, dict) or key not in found:
        raise EngineError(f"{path} is damaged (it has no {key!r}): fetch the model again")
