"""The `tts` service brings the checkpoint that a hub id names, and says how far it is."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import zmq

pytest.importorskip("mlx.core")

from streamtalk.client.peer import Peer
from streamtalk.proto.synthesis import Speak, Spoken
from tests.support.model_hub import ModelHub
from tests.support.recorder import eventually
from tests.support.voice_servers.http_server import free_port
from tests.tts.spark.spark_scene import PATIENCE_S, Scene

pytestmark = pytest.mark.process

MODEL = "owner/spark"
LARGE = "BiCodec/model.safetensors"
FILES = {
    "config.yaml": b"sample_rate: 16000\n",
    "LLM/config.json": b"{}",
    LARGE: np.random.default_rng(2).bytes(3_000_000),
}
"""As a hub lists them; nothing that could be loaded."""


@pytest.fixture
def scene(run_dir: Path) -> Iterator[Scene]:
    """A service whose model lies on a hub; it is ended after the test."""
    with zmq.Context() as context:
        found = Scene(run_dir, MODEL, context)
        yield found
        found.processes.close()


def test_voice_is_fetched_while_probes_are_answered(scene: Scene, tiny: Path) -> None:
    """It is live, not ready, and says how far it is; with the last byte it loads and speaks."""
    files = {str(p.relative_to(tiny)): p.read_bytes() for p in tiny.rglob("*") if p.is_file()}
    with ModelHub(files) as hub:
        hub.hold_after = len(files[LARGE]) // 2
        scene.start(HF_ENDPOINT=hub.endpoint)
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


def test_service_that_leaves_goes_on_there_next_time(scene: Scene) -> None:
    """SIGTERM in mid-file ends it in good order; the next start asks for the rest only."""
    with ModelHub(FILES) as hub:
        hub.hold_after = 2_000_000
        scene.start(HF_ENDPOINT=hub.endpoint)
        scene.health(lambda health: health.instance.reason.startswith("fetching"))
        assert eventually(lambda: any(p.stat().st_size > 1_000_000 for p in scene.fetched(LARGE)))
        scene.processes.running["tts_0"].terminate()
        hub.hold_after = None
        hub.go_on.set()
        assert scene.processes.running.pop("tts_0").wait(PATIENCE_S) == 0
        asked = len(hub.requests)
        scene.start(HF_ENDPOINT=hub.endpoint)
        failed = scene.health(lambda health: health.instance.state == "failed")
        assert "tokenizer.json is missing" in failed.instance.reason
    resumed = [span for path, span in hub.requests[asked:] if path == LARGE]
    assert all(int(span.strip("bytes=-")) > 1_000_000 for span in resumed)
    assert [path.name for path in scene.fetched(LARGE)] == ["model.safetensors"]


def test_machine_without_a_network_is_told_what_to_do(scene: Scene) -> None:
    """Never ready, still answering, and the reason names the way out."""
    scene.start(HF_ENDPOINT=f"http://127.0.0.1:{free_port()}")
    health = scene.health(lambda health: health.instance.state == "failed")
    assert health.instance.live
    assert health.failure == "load"
    for words in ("cannot be reached", "owner/spark", "name that folder"):
        assert words in health.instance.reason


def test_rotten_file_is_named(scene: Scene) -> None:
    """The checksum is the hub's; what does not have it is not loaded and not kept."""
    with ModelHub(FILES) as hub:
        hub.rot = {LARGE}
        scene.start(HF_ENDPOINT=hub.endpoint)
        health = scene.health(lambda health: health.instance.state == "failed")
    assert f"{LARGE} has the wrong checksum" in health.instance.reason
    assert scene.fetched(LARGE) == []
