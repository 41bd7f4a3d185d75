"""Anybody with ZeroMQ and MessagePack can use the services: no code of ours is needed."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamtalk.client.rundir import RunDir

pytestmark = pytest.mark.process

CLIENT = Path(__file__).with_name("plain_client.py")
GRAMMAR = "#JSGF V1.0; grammar g; public <g> = what time is it | stop talking | say that again;"


@pytest.fixture
def services(run_dir: Path) -> Iterator[Path]:
    """Bus, registry, recogniser and voice, each in its process."""
    RunDir(run_dir).prepare()
    commands = [
        [sys.executable, "-m", f"streamtalk.{name}", "--run-dir", str(run_dir)]
        for name in ("bus", "registry", "asr", "tts")
    ]
    running = [subprocess.Popen(command) for command in commands]
    yield run_dir
    for process in reversed(running):
        process.terminate()
    for process in running:
        process.wait(20)


def test_plain_program_speaks_and_transcribes(services: Path) -> None:
    """Spoken by one service and heard by another, over REQ and SUB, a question comes back."""
    command = [sys.executable, str(CLIENT), str(services), "what time is it", GRAMMAR]
    result = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["text"] == "what time is it"
    assert report["spoken_samples"] > 12_000


def test_plain_program_imports_nothing_of_ours() -> None:
    """The program proves something only as long as it stays foreign."""
    tree = ast.parse(CLIENT.read_text("utf-8"))
    names = {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names == {"array", "json", "random", "sys", "time", "typing", "msgpack", "zmq"}
