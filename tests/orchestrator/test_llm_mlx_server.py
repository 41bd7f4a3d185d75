"""The client against `mlx_lm.server`: nobody here wrote it, and its model is made on the spot.

It runs where mlx_lm is installed, or where STREAMTALK_MLX_PYTHON names a Python that has it.
"""

import asyncio
import importlib.util
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path

import pytest

from streamtalk.orchestrator.llm.client import OpenAiLlm
from streamtalk.orchestrator.llm.config import LlmConfig
from streamtalk.orchestrator.llm.discovery import Found, NotFound, probe
from streamtalk.orchestrator.llm.engine import ChatMessage

MLX_PYTHON = os.environ.get("STREAMTALK_MLX_PYTHON") or (
    sys.executable if importlib.util.find_spec("mlx_lm") else None
)
MAKE_MODEL = Path(__file__).parents[1] / "support" / "tiny_mlx_model.py"
STARTS_WITHIN_S = 60.0

pytestmark = pytest.mark.process


@contextmanager
def mlx_server(directory: Path) -> Iterator[str]:
    """Run `mlx_lm.server` with a tiny random model; gives its base URL."""
    if MLX_PYTHON is None:
        pytest.skip(
            "mlx_lm is not installed, and STREAMTALK_MLX_PYTHON names no Python that has it"
        )
    model = directory / "tiny-random-llama"
    subprocess.run([MLX_PYTHON, str(MAKE_MODEL), str(model)], check=True, timeout=120)
    (directory / "cache" / "hub").mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {**os.environ, "HF_HOME": str(directory / "cache"), "HF_HUB_OFFLINE": "1"}
    command = [MLX_PYTHON, "-m", "mlx_lm", "server", "--model", str(model), "--port", str(port)]
    with (directory / "server.log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.kill()
        server.wait()


async def find(base_url: str) -> Found:
    """Probe until the server has started."""
    outcome: Found | NotFound = NotFound(())
    async with asyncio.timeout(STARTS_WITHIN_S):
        while not isinstance(outcome, Found):
            outcome = await probe(LlmConfig(base_url=base_url), {})
            if isinstance(outcome, NotFound):
                await asyncio.sleep(0.2)
    assert outcome.model.endswith("tiny-random-llama")
    return outcome


def test_client_talks_with_mlx_server(tmp_path: Path) -> None:
    """Found by probing, it streams, is cancelled in mid-answer, and answers again."""

    async def main(base_url: str) -> None:
        found = await find(base_url)
        client = OpenAiLlm(LlmConfig(max_tokens=40), found)
        prompt = [ChatMessage("system", "Be brief."), ChatMessage("user", "hello there")]
        try:
            whole = [piece async for piece in client.stream(prompt)]
            async with aclosing(client.stream(prompt)) as pieces:
                await anext(pieces)
            again = [piece async for piece in client.stream(prompt)]
        finally:
            await client.close()
        assert "".join(whole).strip()
        assert "".join(whole) == "".join(again)

    with mlx_server(tmp_path) as base_url:
        asyncio.run(main(base_url))
