"""A Whisper model from the hub to this machine, as commands and the upgrade do it."""

from pathlib import Path
from typing import Final

from streamtalk.asr.whisper.model_files import WANTED, check_model, hub_id
from streamtalk.asr.whisper.places import is_folder
from streamtalk.proto.errors import InputError
from streamtalk.runtime.models.download import Downloader
from streamtalk.runtime.models.hub import Selection
from streamtalk.runtime.models.progress import Report
from streamtalk.runtime.models.shelf import default_folder

WHISPER: Final = Selection("Whisper of CTranslate2", WANTED, "model.bin")


def fetch_whisper(model: str, hub: str, report: Report) -> Path | None:
    """Folder of the whole model; None where `report` stopped it.

    Raises InputError, EngineMissingError and EngineError as `Downloader.fetch` does, and
    EngineError for a repository whose files are no model.
    """
    if is_folder(model):
        raise InputError(f"{model} is a folder: only what a hub has can be fetched")
    folder = Downloader(default_folder(), hub).fetch(hub_id(model), WHISPER, report)
    if folder is not None:
        check_model(folder)
    return folder
