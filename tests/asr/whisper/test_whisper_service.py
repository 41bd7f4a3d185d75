"""The real `asr` process with a tiny Whisper: odd audio, odd wishes, a machine without memory."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from streamtalk.asr.loudness import to_pcm
from streamtalk.client.peer import Peer
from streamtalk.proto.errors import LanguageError, MalformedError
from streamtalk.proto.health import Health
from streamtalk.proto.recognition import Transcribe, Transcript
from tests.support.alone import alone
from tests.support.recorder import eventually

pytestmark = pytest.mark.process

write_model = pytest.importorskip(
    "tests.support.tiny_whisper", reason="needs streamtalk[whisper]"
).write_model

SAID = "what is that"
NOISE = to_pcm((0.1 * np.random.default_rng(5).standard_normal(16_000)).astype(np.float32))
SQUARE = to_pcm(np.sign(np.sin(np.arange(16_000) * 0.1)).astype(np.float32))
CONFIG = """
[asr]
engine = "faster_whisper"
[asr.engines.faster_whisper]
model = "{model}"
reject_invented = false
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that says the same for every sound."""
    return Path(write_model(tmp_path_factory.mktemp("whisper"), said=SAID))


@pytest.fixture
def peer(run_dir: Path, folder: Path) -> Iterator[Peer]:
    """A caller of the service."""
    config = run_dir / "streamtalk.toml"
    config.write_text(CONFIG.format(model=folder), encoding="utf-8")
    with alone("asr", run_dir, "--config", str(config)) as scene, scene.connect() as found:
        yield found


def _hear(peer: Peer, pcm: bytes, language: str = "auto") -> tuple[str, str]:
    heard = peer.call(Transcribe(language=language), Transcript, 30.0, pcm)
    return heard.text, heard.rejected


def test_odd_audio_is_heard_or_refused_by_name(peer: Peer) -> None:
    """None at all, one sample, clipped, and more than a call may have; then the next is served."""
    with pytest.raises(MalformedError, match="1 sample to 60 s"):
        _hear(peer, b"")
    assert _hear(peer, b"\0\0") == ("", "silence")
    assert _hear(peer, b"\xff\x7f") == ("", "silence")
    assert _hear(peer, SQUARE) == (SAID, "")
    three_hours = Transcribe(ring="/r", stream="s", from_sample=0, to_sample=3 * 3_600 * 16_000)
    with pytest.raises(MalformedError, match="1 sample to 60 s"):
        peer.call(three_hours, Transcript, 30.0)
    assert _hear(peer, NOISE) == (SAID, "")


def test_unknown_language_is_refused_by_name(peer: Peer) -> None:
    """With what it understands; the next call is served."""
    with pytest.raises(LanguageError, match="not 'tlh'"):
        _hear(peer, NOISE, "tlh")
    assert _hear(peer, NOISE, "zh-TW") == (SAID, "")


def test_service_that_cannot_load_says_why(run_dir: Path, folder: Path) -> None:
    """It lives, answers probes and is never ready; the reason names the file."""
    broken = run_dir / "model"
    broken.mkdir()
    for path in folder.iterdir():
        (broken / path.name).write_bytes(path.read_bytes()[: 1 << 20])
    (broken / "vocabulary.json").unlink()
    config = run_dir / "streamtalk.toml"
    config.write_text(CONFIG.format(model=broken), encoding="utf-8")
    with alone("asr", run_dir, "--config", str(config)) as scene:
        found: list[Health] = []

        def failed() -> bool:
            health = scene.health()
            found.extend([health] if health else [])
            return health is not None and health.failure == "load"

        assert eventually(failed, 30.0)
    assert "lacks vocabulary.json" in found[-1].instance.reason


_WITHOUT_MEMORY = """
import resource, sys
import psutil, faster_whisper
from streamtalk.asr.config import FasterWhisperSettings
from streamtalk.asr.engine import Speech
from streamtalk.asr.engines.faster_whisper import FasterWhisperEngine
from streamtalk.proto.errors import EngineError

engine = FasterWhisperEngine(FasterWhisperSettings(model=sys.argv[1], reject_invented=False))
hard = resource.getrlimit(resource.RLIMIT_AS)[1]
resource.setrlimit(resource.RLIMIT_AS, (psutil.Process().memory_info().vms + 4_000_000, hard))
try:
    engine.load()
except EngineError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
engine.load()
noise = sys.stdin.buffer.read()
print(engine.hear(Speech(noise)).text)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps to RLIMIT_AS")
def test_model_that_does_not_fit_is_an_error_with_advice(folder: Path) -> None:
    """A process with 4 MB left says so, survives it, and loads the model when there is room."""
    command = [sys.executable, "-c", _WITHOUT_MEMORY, str(folder)]
    done = subprocess.run(command, input=NOISE, capture_output=True, timeout=120, check=False)
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 0, done.stderr.decode()
    assert "not enough memory" in lines[0]
    assert "choose a smaller one" in lines[0]
    assert lines[1] == SAID
