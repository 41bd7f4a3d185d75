"""The `tts` service with Spark-TTS: nothing is made twice, and a broken checkpoint is named."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zmq

pytest.importorskip("mlx.core")

import mlx.core as mx

from streamtalk.proto.health import Metrics, MetricsText
from streamtalk.proto.synthesis import Speak, Spoken
from streamtalk.tts.spark.tiny_checkpoint import write_safetensors
from tests.support.recorder import eventually
from tests.tts.conftest import Voice
from tests.tts.spark.spark_scene import Scene, spark_settings

pytestmark = pytest.mark.process

StartVoice = Callable[..., Voice]
TEXT = "Good morning."


def say(voice: Voice, answer: str) -> Spoken:
    """One piece of session `s`."""
    order = Speak(session="s", answer=answer, piece=0, text=TEXT, credit_samples=1 << 40)
    return voice.peer.call(order, Spoken, 60.0)


def test_piece_is_made_once(start_voice: StartVoice, tiny: Path, tmp_path: Path) -> None:
    """The second answer has the marks and the length of the first, and is a hit."""
    voice = start_voice(**spark_settings(str(tiny), tmp_path))
    made = say(voice, "a")
    first, _ = voice.hear_piece()
    assert eventually(lambda: len(list((voice.run_dir.path / "cache").iterdir())) == 2)
    again = say(voice, "b")
    second, _ = voice.hear_piece()
    assert (again.marks, again.estimated, again.voice, again.total_samples) == (
        made.marks,
        made.estimated,
        made.voice,
        made.total_samples,
    )
    assert len(first) == len(second)
    counted = voice.peer.call(Metrics(), MetricsText, 5.0).text
    assert 'streamtalk_tts_cache_lookups{result="hit"} 1\n' in counted
    assert 'streamtalk_tts_cache_lookups{result="miss"} 1\n' in counted


CODEC = "BiCodec/model.safetensors"


def _lose(folder: Path) -> None:
    (folder / "BiCodec" / "config.yaml").unlink()


def _cut(folder: Path) -> None:
    whole = (folder / CODEC).read_bytes()
    (folder / CODEC).write_bytes(whole[: len(whole) // 2])


def _bend(folder: Path) -> None:
    loaded = mx.load(str(folder / CODEC))
    assert isinstance(loaded, dict)
    tensors = {name: np.array(array) for name, array in loaded.items()}
    tensors["quantizer.codebook.weight"] = tensors["quantizer.codebook.weight"][1:]
    write_safetensors(folder / CODEC, tensors)


@pytest.mark.parametrize(
    "damage, reason",
    [
        (_lose, "BiCodec/config.yaml is missing; download"),
        (_cut, f"{CODEC} is damaged"),
        (_bend, "quantizer.codebook.weight"),
        (shutil.rmtree, "is no folder"),
    ],
)
def test_broken_checkpoint_is_named(
    run_dir: Path, tiny: Path, damage: Callable[[Path], None], reason: str
) -> None:
    """A file that is missing, cut off or of another shape: live, never ready, and the reason."""
    folder = shutil.copytree(tiny, run_dir / "spark")
    damage(folder)
    with zmq.Context() as context:
        scene = Scene(run_dir, str(folder), context)
        try:
            scene.start()
            health = scene.health(lambda health: health.instance.state == "failed")
        finally:
            scene.processes.close()
    assert health.instance.live
    assert not health.instance.ready
    assert health.failure == "load"
    assert reason in health.instance.reason
