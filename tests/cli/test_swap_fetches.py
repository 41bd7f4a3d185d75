"""A voice that is not on this machine yet: it is fetched while another one speaks."""

import pytest

pytest.importorskip("mlx.core")

import time
from pathlib import Path
from typing import Any

from streamtalk.tts.spark.tiny_checkpoint import make_checkpoint
from tests.support.model_hub import ModelHub
from tests.support.stack import RunningStack, running_stack

pytestmark = pytest.mark.process

LARGE = "BiCodec/model.safetensors"
SPARK = """
budget_ms = 60000
[tts.engines.spark_mlx]
model = "owner/spark"
precision = "fp32"
tokens_per_char = 0.5
least_tokens = 20
"""


def _files(folder: Path) -> dict[str, bytes]:
    tiny = make_checkpoint(folder)
    return {str(p.relative_to(tiny)): p.read_bytes() for p in tiny.rglob("*") if p.is_file()}


def _voices(stack: RunningStack) -> dict[str, dict[str, Any]]:
    rows = stack.services().values()
    return {row["engine"]: row for row in rows if row["service"] == "tts"}


def test_swap_brings_the_model_it_needs(tmp_path: Path) -> None:
    """Cut off once on the way, which costs nothing; how far it is stands in the output."""
    files = _files(tmp_path)
    config = f'[tts]\nengine = "espeak"{SPARK}'
    with ModelHub(files) as hub, running_stack(config, HF_ENDPOINT=hub.endpoint) as stack:
        hub.cuts = [len(files[LARGE]) // 3] * len(files)
        done = stack.command("swap", "tts", "--engine", "spark_mlx", timeout_s=200.0)
        assert done.code == 0, done.err
        assert "is loading: fetching owner/spark: " in done.err
        ((engine, voice),) = _voices(stack).items()
        assert (engine, voice["state"]) == ("spark_mlx", "active")


def test_stack_is_up_before_the_first_voice_of_its_chain(tmp_path: Path) -> None:
    """The next voice speaks until the model is here; then the first one is there by itself."""
    config = f'[tts]\nchain = ["spark_mlx", "espeak"]{SPARK}'
    files = _files(tmp_path)
    hub = ModelHub(files)
    hub.hold_after = len(files[LARGE]) // 2
    with hub, running_stack(config, HF_ENDPOINT=hub.endpoint) as stack:
        voices = _voices(stack)
        assert voices["spark_mlx"]["reason"].startswith("fetching owner/spark")
        assert voices["espeak"]["state"] == "active"
        said = stack.command("say", "Good morning.", "--out", str(tmp_path / "said.wav"))
        assert said.code == 0, said.err
        hub.hold_after = None
        hub.go_on.set()
        deadline = time.monotonic() + 60
        while _voices(stack)["spark_mlx"]["state"] != "active" and time.monotonic() < deadline:
            time.sleep(0.1)
        assert _voices(stack)["spark_mlx"]["state"] == "active"
