"""A tiny Spark-TTS checkpoint, made once a session."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint in SparkAudio's layout; tests only read it."""
    from streamtalk.tts.spark.tiny_checkpoint import make_checkpoint  # noqa: PLC0415

    return make_checkpoint(tmp_path_factory.mktemp("spark"))
