"""The `tts` service brings the checkpoint that a hub id names, and says how far it is."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq

pytest.importorskip("mlx.core")

from streamtalk.client.peer import Peer
from streamtalk.proto.health import Health
from streamtalk.proto.synthesis import Speak, Spoken
from tests.support.model_hub import ModelHub
from tests.support.processes import Processes
from tests.support.recorder import eventually
from tests.support.voice_servers.http_server import free_port

pytestmark = pytest.mark.process

MODEL = "owner/spark"
LARGE = "BiCodec/model.safetensors"
FILES = {
    "config.yaml": b"sample_rate: 16000\n",
    "LLM/config.json": b"{}",
    LARGE: np.random.default_rng(2).bytes(3_000_000),
}
"""As a hub lists them; nothing that could be loaded."""

PATIENCE_S = 60.0


class Scene:
    """One `tts` service whose model lies on a hub."""

    def __init__(self, folder: Path, endpoint: str, context: zmq.Context[Any]) -> None:
        self.processes = Processes(folder, context)
        self.cache = folder / "home"
        settings = {
            "ENGINE": "spark_mlx",
            "ENGINES__SPARK_MLX__MODEL": MODEL,
            "ENGINES__SPARK_MLX__PRECISION": "fp32",
            "ENGINES__SPARK_MLX__VOICES_DIR": str(folder / "voices"),
            "ENGINES__SPARK_MLX__TOKENS_PER_CHAR": "0.5",
            "ENGINES__SPARK_MLX__LEAST_TOKENS": "20",
            "BUDGET_MS": "60000",
        }
        self._environment = {
            **os.environ,
            **{f"STREAMTALK_TTS__{key}": value for key, value in settings.items()},
            "HF_ENDPOINT": endpoint,
            "XDG_CACHE_HOME": str(self.cache),
        }

    def start(self) -> None:
        """Start it; it is not waited for."""
        self.processes.start("tts", environment=self._environment)

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


@pytest.fixture
def scene_at(run_dir: Path) -> Iterator[Callable[[str], Scene]]:
    """Makes the scene of a hub's address; ends its service after the test."""
    with zmq.Context() as context:
        scenes: list[Scene] = []

        def make(endpoint: str) -> Scene:
            scenes.append(Scene(run_dir, endpoint, context))
            return scenes[-1]

        yield make
        for scene in scenes:
            scene.processes.close()


def test_voice_is_fetched_while_probes_are_answered(
    scene_at: Callable[[str], Scene], tiny: Path
) -> None:
    """It is live, not ready, and says how far it is; with the last byte it loads and speaks."""
    files = {str(p.relative_to(tiny)): p.read_bytes() for p in tiny.rglob("*") if p.is_file()}
    with ModelHub(files) as hub:
        hub.hold_after = len(files[LARGE]) // 2
        scene = scene_at(hub.endpoint)
        scene.start()
        health = scene.health(lambda health: health.instance.reason.startswith("fetching"))
        assert health.instance.state == "loading"
        assert health.instance.live
        assert "fetching owner/spark: " in health.instance.reason
        assert health.instance.reason.endswith(" %")
        hub.hold_after = None
        hub.go_on.set()
        scene.health(lambda health: health.instance.ready)
        (socket,) = scene.processes.sockets("tts_0")
        speak = Speak(session="s", answer="a", piece=0, text="Good morning.")
        with Peer(scene.processes.context, f"ipc://{socket}") as peer:
            assert peer.call(speak, Spoken, PATIENCE_S).total_samples > 0
    log = (scene.processes.run_dir.logs / "tts_0.log").read_text("utf-8")
    assert "fetching owner/spark: " in log
    assert "100 %" in log


def test_service_that_leaves_goes_on_there_next_time(scene_at: Callable[[str], Scene]) -> None:
    """SIGTERM in mid-file ends it in good order; the next start asks for the rest only."""
    with ModelHub(FILES) as hub:
        hub.hold_after = 2_000_000
        scene = scene_at(hub.endpoint)
        scene.start()
        scene.health(lambda health: health.instance.reason.startswith("fetching"))
        assert eventually(lambda: any(p.stat().st_size > 1_000_000 for p in scene.fetched(LARGE)))
        scene.processes.running["tts_0"].terminate()
        hub.hold_after = None
        hub.go_on.set()
        assert scene.processes.running.pop("tts_0").wait(PATIENCE_S) == 0
        asked = len(hub.requests)
        scene.start()
        failed = scene.health(lambda health: health.instance.state == "failed")
        assert "tokenizer.json is missing" in failed.instance.reason
    resumed = [span for path, span in hub.requests[asked:] if path == LARGE]
    assert all(int(span.strip("bytes=-")) > 1_000_000 for span in resumed)
    assert [path.name for path in scene.fetched(LARGE)] == ["model.safetensors"]


def test_machine_without_a_network_is_told_what_to_do(scene_at: Callable[[str], Scene]) -> None:
    """Never ready, still answering, and the reason names the way out."""
    scene = scene_at(f"http://127.0.0.1:{free_port()}")
    scene.start()
    health = scene.health(lambda health: health.instance.state == "failed")
    assert health.instance.live
    assert health.failure == "load"
    for words in ("cannot be reached", "owner/spark", "name that folder"):
        assert words in health.instance.reason


def test_rotten_file_is_named(scene_at: Callable[[str], Scene]) -> None:
    """The checksum is the hub's; what does not have it is not loaded and not kept."""
    with ModelHub(FILES) as hub:
        hub.rot = {LARGE}
        scene = scene_at(hub.endpoint)
        scene.start()
        health = scene.health(lambda health: health.instance.state == "failed")
    assert f"{LARGE} has the wrong checksum" in health.instance.reason
    assert scene.fetched(LARGE) == []
