"""What decides how Spark-TTS says an order: checkpoint, settings, and the numbers of the voice."""

from typing import Final

import msgspec

from streamtalk.tts.config import SparkSettings
from streamtalk.tts.spark.voices import StoredVoice

_SOUND: Final = 1
"""Version of what is made of tokens here; raised with a change that can be heard."""

_SILENT: Final = {"model", "voices", "voices_dir"}
"""Settings that say where things are; what is there counts."""


def fingerprint(model: str, settings: SparkSettings, voice: StoredVoice) -> str:
    """The same words said by the same of these sound the same.

    Args:
        model: Identity of the checkpoint.
        settings: Those of the engine.
        voice: The one that speaks.
    """
    values = msgspec.structs.asdict(settings)
    sound = {name: values[name] for name in sorted(values.keys() - _SILENT)}
    return f"spark_mlx {_SOUND} {model} {sound} {voice}"
