"""Our adapter keeps the yardstick's contract."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.tree import ROOT

pytestmark = pytest.mark.perf

YARDSTICK = ROOT / ".." / "shared" / "yardstick"
REPLY_FRAMES = 120


@contextlib.contextmanager
def _adapter(socket: Path) -> Iterator[None]:
    adapter = ROOT / "tests" / "perf" / "yardstick_adapter.py"
    options = ["--sock", str(socket), "--sessions", "1", "--kind", "nogil"]
    with subprocess.Popen(
        [sys.executable, str(adapter), *options],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "YARDSTICK_DIR": str(YARDSTICK.resolve())},
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "READY\n"
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)


def test_adapter_answers_the_yardsticks_client(tmp_path: Path) -> None:
    """Every frame of the reply comes back, and none that was sent is dropped."""
    if not (YARDSTICK / "client.py").is_file():
        pytest.skip(f"the yardstick is not at {YARDSTICK}")
    socket, out = tmp_path / "s", tmp_path / "o.json"
    with _adapter(socket):
        arguments = [str(socket), "1", "1", str(YARDSTICK / "speech.wav"), str(out)]
        client = [sys.executable, str(YARDSTICK / "client.py"), *arguments]
        subprocess.run(client, check=True, timeout=60)
    found = json.loads(out.read_text("utf-8"))
    assert (found["missing"], found["drops"]) == (0, 0)
    assert len(found["late_ms"]) == REPLY_FRAMES - 1
