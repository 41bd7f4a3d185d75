"""`swap` to a voice that is not on this machine yet: it is fetched while the old one serves."""

import pytest

pytest.importorskip("mlx.core")

from pathlib import Path

from streamtalk.tts.spark.tiny_checkpoint import make_checkpoint
from tests.support.model_hub import ModelHub
from tests.support.stack import running_stack

pytestmark = pytest.mark.process

LARGE = "BiCodec/model.safetensors"
CONFIG = """
[tts]
engine = "espeak"
budget_ms = 60000
[tts.engines.spark_mlx]
model = "owner/spark"
precision = "fp32"
tokens_per_char = 0.5
least_tokens = 20
"""


def test_swap_brings_the_model_it_needs(tmp_path: Path) -> None:
    """Cut off once on the way, which costs nothing; how far it is stands in the output."""
    tiny = make_checkpoint(tmp_path)
    files = {str(p.relative_to(tiny)): p.read_bytes() for p in tiny.rglob("*") if p.is_file()}
    with (
        ModelHub(files) as hub,
        running_stack(CONFIG, HF_ENDPOINT=hub.endpoint) as stack,
    ):
        hub.cuts = [len(files[LARGE]) // 3] * len(files)
        done = stack.command("swap", "tts", "--engine", "spark_mlx", timeout_s=200.0)
        assert done.code == 0, done.err
        assert "is loading: fetching owner/spark: " in done.err
        (voice,) = [row for row in stack.services().values() if row["service"] == "tts"]
        assert (voice["engine"], voice["state"]) == ("spark_mlx", "active")
