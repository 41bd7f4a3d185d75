"""A Whisper model from the hub to this machine, as commands and the upgrade do it."""

from pathlib import Path
from typing import Final

from streamtalk.asr.config import FasterWhisperSettings
from streamtalk.asr.engine import ENGINES
from streamtalk.asr.whisper.choice import Choice
from streamtalk.asr.whisper.model_files import WANTED, check_model, hub_id
from streamtalk.asr.whisper.places import AUTO, is_folder
from streamtalk.proto.errors import EngineMissingError, InputError
from streamtalk.runtime.engine_table import missing_modules
from streamtalk.runtime.installing import how_to_install
from streamtalk.runtime.models.download import Downloader
from streamtalk.runtime.models.hub import Selection
from streamtalk.runtime.models.progress import Report
from streamtalk.runtime.models.shelf import default_folder

WHISPER: Final = Selection("Whisper of CTranslate2", WANTED, "model.bin")


def named(settings: FasterWhisperSettings, threads: int) -> Choice:
    """The model that the configuration names, or `auto` stands for: then the machine is measured.

    Raises EngineMissingError where that takes a package that is not installed.
    """
    if settings.model != AUTO:
        return Choice(settings.model, 0.0, "")
    missing = missing_modules(ENGINES["faster_whisper"])
    if missing:
        needed, command = ", ".join(missing), how_to_install("whisper")
        raise EngineMissingError(f"`auto` is measured with {needed}: {command}")
    from streamtalk.asr.whisper.auto import measure_and_choose

    return measure_and_choose(settings, threads)


def fetch_whisper(model: str, hub: str, report: Report) -> Path | None:
    """Folder of the whole model; None where `report` stopped it.

    Raises InputError, EngineMissingError and EngineError as `Downloader.fetch` does, EngineError
    too for a repository whose files are no model.
    """
    if is_folder(model):
        raise InputError(f"{model} is a folder: only what a hub has can be fetched")
    folder = Downloader(default_folder(), hub).fetch(hub_id(model), WHISPER, report)
    if folder is not None:
        check_model(folder)
    return folder
