"""A `tts` service with Spark-TTS in a process of its own, which may never be ready."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import zmq

from streamtalk.proto.health import Health
from tests.support.processes import Processes
from tests.support.recorder import eventually

PATIENCE_S: Final = 60.0


def spark_settings(model: str, voices: Path) -> dict[str, str]:
    """Environment of a service with this model, whose pieces are short."""
    values = {
        "MODEL": model,
        "PRECISION": "fp32",
        "VOICES_DIR": str(voices),
        "TOKENS_PER_CHAR": "0.5",
        "LEAST_TOKENS": "20",
    }
    return {
        "ENGINE": "spark_mlx",
        **{f"ENGINES__SPARK_MLX__{key}": value for key, value in values.items()},
        # Two busy cores without a GPU: late, but not hung.
        "BUDGET_MS": "60000",
    }


class Scene:
    """The service, its user's cache, and what it says of itself."""

    def __init__(self, folder: Path, model: str, context: zmq.Context[Any]) -> None:
        self.processes = Processes(folder, context)
        self.cache = folder / "home"
        settings = spark_settings(model, folder / "voices")
        self._environment = {
            **os.environ,
            **{f"STREAMTALK_TTS__{key}": value for key, value in settings.items()},
            "XDG_CACHE_HOME": str(self.cache),
        }

    def start(self, **variables: str) -> None:
        """Start it with these variables besides; it is not waited for."""
        self.processes.start("tts", environment={**self._environment, **variables})

    def health(self, holds: Callable[[Health], bool]) -> Health:
        """What it says of itself once that holds."""
        seen: list[Health] = []

        def look() -> bool:
            health = self.processes.health("tts_0")
            seen.extend([health] if health else [])
            return health is not None and holds(health)

        assert eventually(look, PATIENCE_S), seen[-1:]
        return seen[-1]

    def fetched(self, path: str) -> list[Path]:
        """Files of that name, whole or in part, in the user's cache."""
        return list(self.cache.rglob(f"{Path(path).name}*"))
