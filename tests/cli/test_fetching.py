"""`streamtalk fetch`: a model comes from a hub, whole or not at all, and is found afterwards."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec
import pytest

from streamtalk.asr.config import FasterWhisperSettings
from streamtalk.asr.whisper.auto import conditions
from tests.support.model_hub import ModelHub
from tests.support.stack import command, private_environment, private_folder, spawn

pytestmark = pytest.mark.process

write_model = pytest.importorskip(
    "tests.support.tiny_whisper", reason="needs streamtalk[whisper]"
).write_model

TINY: Final = "Systran/faster-whisper-tiny"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the hub's repository holds."""
    folder: Path = write_model(tmp_path_factory.mktemp("whisper"))
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def hub(files: dict[str, bytes]) -> Iterator[ModelHub]:
    """A hub that has the smallest published model."""
    with ModelHub({**files, "README.md": b"# a model"}, TINY) as running:
        yield running


@pytest.fixture
def home() -> Iterator[Path]:
    """A person's home without any model."""
    with private_folder() as folder:
        yield folder


def test_model_is_fetched_and_found(hub: ModelHub, home: Path, files: dict[str, bytes]) -> None:
    """By its size; nothing else of the repository, and the next time nothing at all."""
    environment = private_environment(home)
    arguments = ("fetch", "asr", "--model", "tiny", "--hub", hub.endpoint, "--json")
    told = command(environment, *arguments).json()
    assert told["model"] == TINY
    assert {p.name: p.read_bytes() for p in Path(told["folder"]).iterdir()} == files
    hub.requests.clear()
    assert command(environment, *arguments).code == 0
    assert hub.requests == []


def test_interrupted_fetch_goes_on(hub: ModelHub, home: Path) -> None:
    """Ctrl-C keeps what is here; the next call asks for the rest."""
    environment = private_environment(home, HF_ENDPOINT=hub.endpoint)
    hub.hold_after = 2_000_000
    with spawn(environment, "fetch", "asr", "--model", "tiny") as process:
        part = home / ".cache/streamtalk/models"
        for _ in iter(lambda: _size(part) < 2_000_000, False):
            assert process.poll() is None, process.communicate()
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode == 130
    hub.hold_after = None
    done = command(environment, "fetch", "asr", "--model", "tiny")
    assert done.code == 0, done.err
    assert ("model.bin", "bytes=2000000-") in hub.requests


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("model.bin.part"))


def test_corrupt_file_is_named(hub: ModelHub, home: Path) -> None:
    """It is removed, and the command fails."""
    hub.rot = {"model.bin"}
    done = command(
        private_environment(home), "fetch", "asr", "--model", "tiny", "--hub", hub.endpoint
    )
    assert done.code == 1
    assert "model.bin has the wrong checksum" in done.err


@pytest.mark.parametrize(
    "arguments, code, says",
    [
        (("vad",), 2, "choose one of asr, tts"),
        (("tts", "--model", "owner/none"), 1, "has no model"),
        (("asr", "--model", "huge"), 1, "huge"),
        (("asr", "--model", "owner/none"), 1, "has no model"),
        (("asr", "--model", "./here"), 1, "is a folder"),
    ],
)
def test_wrong_wish_is_told(
    hub: ModelHub, home: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    """What it is and what would be right."""
    done = command(private_environment(home), "fetch", *arguments, "--hub", hub.endpoint)
    assert done.code == code
    assert says in " ".join(done.err.split())


def test_disk_that_takes_nothing_is_named(hub: ModelHub, home: Path) -> None:
    """A file lies where the models should."""
    (home / ".cache").mkdir()
    (home / ".cache/streamtalk").write_text("")
    arguments = ("fetch", "asr", "--model", "tiny", "--hub", hub.endpoint)
    done = command(private_environment(home), *arguments)
    assert done.code == 1
    assert "cannot be written" in " ".join(done.err.split())


def test_address_that_is_none_is_named(home: Path) -> None:
    """A mistake in the configuration is no traceback."""
    done = command(
        private_environment(home), "fetch", "asr", "--model", "tiny", "--hub", "http://hub:port"
    )
    assert done.code == 1
    assert "no address of a hub" in " ".join(done.err.split())


def test_auto_is_chosen_by_what_was_measured(hub: ModelHub, home: Path) -> None:
    """A machine that was found to be slow gets the smallest, and is told why; `doctor` knows it."""
    settings = FasterWhisperSettings(model="auto")
    kept = {"conditions": conditions(settings, 1), "encode_ms": 900.0, "token_ms": 5.0}
    cache = home / ".cache/streamtalk"
    cache.mkdir(parents=True)
    (cache / "whisper-speed.json").write_bytes(msgspec.json.encode(kept))
    chosen = {"STREAMTALK_ASR__ENGINES__FASTER_WHISPER__MODEL": "auto"}
    environment = private_environment(home, STREAMTALK_ASR__ENGINE="faster_whisper", **chosen)
    before = _doctor(environment)
    done = command(environment, "fetch", "asr", "--hub", hub.endpoint)
    assert done.code == 0, done.err
    assert "tiny is expected to take" in " ".join(done.err.split())
    assert "model tiny is not here whole: `streamtalk up` brings it" in before
    assert "faster-whisper-tiny" in _doctor(environment)


def _doctor(environment: Mapping[str, str]) -> str:
    """What it says of Whisper."""
    rows = command(environment, "doctor", "--json").json()["findings"]
    (told,) = [row["detail"] for row in rows if row["subject"] == "asr: faster_whisper"]
    return str(told)


def test_voice_is_fetched_and_found(home: Path) -> None:
    """What the configuration names; the next time nothing is asked for, nor for a folder."""
    config = home / "streamtalk.toml"
    config.write_text('[tts.engines.spark_mlx]\nmodel = "owner/spark"\n', "utf-8")
    with ModelHub({"BiCodec/model.safetensors": b"x" * 9_000}) as hub:
        environment = private_environment(home, HF_ENDPOINT=hub.endpoint)
        arguments = ("fetch", "tts", "--config", str(config), "--json")
        told = command(environment, *arguments).json()
        assert command(environment, *arguments).json() == told
        assert len(hub.requests) == 1
        by_folder = command(environment, *arguments, "--model", told["folder"]).json()
    assert by_folder["folder"] == told["folder"]
    assert (Path(told["folder"]) / "BiCodec/model.safetensors").stat().st_size == 9_000
