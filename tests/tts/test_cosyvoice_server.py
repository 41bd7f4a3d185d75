"""deploy/cosyvoice/server.py as a process, on a package with CosyVoice's calls."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from streamtalk.tts.engine import Order
from streamtalk.tts.engines.cosyvoice import CosyVoiceEngine
from streamtalk.tts.remote.settings import CosyVoiceSettings
from tests.support.tree import ROOT
from tests.support.voice_servers.sound import tone, wav
from tests.tts.remote_scene import TEXT, Hearing, say

pytestmark = pytest.mark.process

EXPECTED = len(tone(TEXT)) // 2


class Server:
    """The running server; `notes` reads what its model was asked for."""

    def __init__(self, folder: Path) -> None:
        self.gate = folder / "gate"
        recording = folder / "anna.wav"
        recording.write_bytes(wav(tone("hello")))
        command = [
            *(sys.executable, str(ROOT / "deploy/cosyvoice/server.py")),
            *("--model-dir", str(folder), "--port", "0"),
            *("--speaker", "anna", str(recording), "Hello."),
            *("--speaker", "bert", str(recording), "Hello."),
        ]
        path = str(ROOT / "tests/support/fake_cosyvoice")
        self.process = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.loading = [self.note(), self.note()]
        self.url = self.note()

    def note(self) -> str:
        """The next line of its output; empty where it has ended."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def close(self) -> str:
        """End it; what it wrote to stderr."""
        self.process.kill()
        _, err = self.process.communicate(timeout=15)
        return err


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server with two speakers."""
    found = Server(tmp_path)
    yield found
    found.close()


@pytest.fixture
def engine(server: Server) -> Iterator[CosyVoiceEngine]:
    """The engine that asks it, in the voice of its second speaker for English."""
    settings = CosyVoiceSettings(address=server.url, voices={"en": "bert", "zh": "anna"})
    found = CosyVoiceEngine(settings)
    found.load()
    yield found
    found.close()


def test_recordings_are_read_once_at_the_start(server: Server, engine: CosyVoiceEngine) -> None:
    """Each speaker is registered while loading; answers name it and nothing else."""
    assert [line.split()[:2] for line in server.loading] == [
        ["speaker", "anna"],
        ["speaker", "bert"],
    ]
    say(engine)
    say(engine, "你好")
    assert server.note().startswith("speak bert stream=True")
    assert server.note().startswith("speak anna stream=True")


def test_every_answer_begins_with_the_short_hop(server: Server, engine: CosyVoiceEngine) -> None:
    """The hop that the model doubles is set back, and every sample arrives."""
    for _ in range(3):
        assert say(engine).samples == EXPECTED
        assert server.note().endswith("hop=25")


def test_first_part_is_sent_before_the_second_is_made(
    server: Server, engine: CosyVoiceEngine
) -> None:
    """While the model is at its second part, the first one can be heard."""
    server.gate.touch()
    hearing = Hearing(engine, Order(TEXT))
    hearing.step_until_sound()
    assert hearing.samples == 1_000
    server.gate.unlink()
    hearing.finish()
    assert hearing.samples == EXPECTED


def test_client_that_leaves_stops_the_model(server: Server, engine: CosyVoiceEngine) -> None:
    """In the middle of a part the model's state is taken away; the next answer is whole."""
    server.gate.touch()
    hearing = Hearing(engine, Order(TEXT))
    hearing.step_until_sound()
    hearing.steps.close()
    assert [server.note().split()[0], server.note()] == ["speak", "stopped"]
    server.gate.unlink()
    assert say(engine).samples == EXPECTED


def test_another_rate_comes_in_one_part(server: Server, engine: CosyVoiceEngine) -> None:
    """The model changes its speed only when it does not stream."""
    assert say(engine, rate=2.0).samples == EXPECTED // 2
    assert "stream=False" in server.note()


def test_failure_of_the_model_is_told_without_what_was_said(server: Server) -> None:
    """An error in JSON with its status; text is in no answer and no log."""
    answer = httpx.post(f"{server.url}/speech", json={"text": "FAIL canary"})
    assert answer.status_code == 500
    assert "canary" not in answer.text + server.close()


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"text": "x", "speaker": "nobody"}'])
def test_odd_requests_are_refused_with_the_speakers(server: Server, body: bytes) -> None:
    """What cannot be read is refused, and the server goes on."""
    answer = httpx.post(f"{server.url}/speech", content=body)
    assert (answer.status_code, "anna" in answer.text) == (400, True)
    assert httpx.get(f"{server.url}/speakers").json() == {
        "speakers": ["anna", "bert"],
        "rate_hz": 24_000,
    }
