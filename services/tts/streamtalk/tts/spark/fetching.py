"""Where the checkpoint that the settings name is, and how it comes here."""

from pathlib import Path

from streamtalk.proto.errors import EngineError, EngineMissingError
from streamtalk.runtime.models.progress import Report
from streamtalk.runtime.models.shelf import cached, default_folder, is_hub_id

_UNSET = (
    "spark_mlx has no model: set model in [tts.engines.spark_mlx] to a folder with Spark-TTS-0.5B, "
    "or to its hub id, SparkAudio/Spark-TTS-0.5B, whose weights are not for commercial use"
)


def is_on_hub(model: str) -> bool:
    """Whether the name is that of a hub's repository, and of no folder on this machine."""
    return is_hub_id(model) and not Path(model).expanduser().is_dir()


def model_folder(model: str) -> Path:
    """The folder of a checkpoint, or where that of a hub id was fetched to.

    Raises EngineMissingError where it is not here, and says how it comes here.
    """
    if not model:
        raise EngineMissingError(_UNSET)
    if not is_on_hub(model):
        return Path(model).expanduser()
    found = cached(model, default_folder())
    if found is None:
        raise EngineMissingError(
            f"{model} is neither a folder nor here yet: `streamtalk fetch tts --model {model}` "
            "fetches it"
        )
    return found


def fetch_model(model: str, report: Report, hub: str = "") -> Path:
    """The same, fetched first where it is not here; `hub`: its address, empty: the usual one.

    Raises:
        EngineMissingError: no model is named, or the hub cannot be reached.
        InputError: the hub has no such model, there is no room for it, or somebody fetches it.
        EngineError: it is damaged, of another kind, or `report` stopped the fetch.
    """
    if not is_on_hub(model) or cached(model, default_folder()) is not None:
        return model_folder(model)
    # Who has the files needs no network: httpx takes half a second to import.
    from streamtalk.runtime.models.download import Downloader  # noqa: PLC0415
    from streamtalk.tts.spark.published import SPARK  # noqa: PLC0415

    folder = Downloader(default_folder(), hub).fetch(model, SPARK, report)
    if folder is None:
        raise EngineError(f"the fetch of {model} was stopped; the next one goes on from there")
    return folder
