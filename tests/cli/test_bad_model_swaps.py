"""A swap to a model that is no good changes nothing: who served before goes on serving."""

import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streamtalk.cli.reach import Reach
from streamtalk.proto.recognition import Transcribe, Transcript
from tests.support.stack import RunningStack, running_stack

pytestmark = pytest.mark.process

write_model = pytest.importorskip(
    "tests.support.tiny_whisper", reason="needs streamtalk[whisper]"
).write_model

CONFIG = '[asr]\nengine = "scripted"\n[asr.engines.scripted]\ntexts = ["still here"]\n'


@pytest.fixture(scope="module")
def stack() -> Iterator[RunningStack]:
    """A stack whose recogniser says that it is still there."""
    with running_stack(CONFIG) as found:
        yield found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with nothing wrong."""
    return Path(write_model(tmp_path_factory.mktemp("whisper")))


def _half(folder: Path) -> None:
    (folder / "model.bin").rename(folder / "model.bin.part")


def _cut(folder: Path) -> None:
    (folder / "model.bin").write_bytes((folder / "model.bin").read_bytes()[:3_000_000])


def _version(folder: Path) -> None:
    model = (folder / "model.bin").read_bytes()
    (folder / "model.bin").write_bytes(struct.pack("<I", 99) + model[4:])


@pytest.mark.parametrize(
    "damage, says",
    [
        (shutil.rmtree, "no model at"),
        (_half, "half a download"),
        (_cut, "cannot be loaded"),
        (_version, "binary version v99"),
    ],
)
def test_old_engine_goes_on_serving(
    stack: RunningStack,
    whole: Path,
    tmp_path: Path,
    damage: Callable[[Path], object],
    says: str,
) -> None:
    """The reason is named on the terminal, the new process ends, the old one answers."""
    folder = shutil.copytree(whole, tmp_path / "model")
    damage(folder)
    before = stack.services()["asr_0"]["instance"]
    setting = f"engines.faster_whisper.model={folder}"
    done = stack.command("swap", "asr", "--engine", "faster_whisper", "--set", setting)
    assert done.code == 1
    assert says in " ".join(done.err.split())
    rows = [row for row in stack.services().values() if row["service"] == "asr"]
    assert [(row["instance"], row["ready"]) for row in rows] == [(before, True)]
    with Reach(stack.run_dir) as reach:
        heard = reach.call("asr", Transcribe(), Transcript, 30.0, bytes(32_000))
    assert heard.text == "still here"


def test_language_that_the_model_lacks_changes_nothing(stack: RunningStack, whole: Path) -> None:
    """A mistake in a setting is found when the model is loaded, beside the old engine."""
    settings = (f"model={whole}", "language=tlh")
    words = [word for s in settings for word in ("--set", f"engines.faster_whisper.{s}")]
    done = stack.command("swap", "asr", "--engine", "faster_whisper", *words)
    assert done.code == 1
    assert "language is 'tlh'" in " ".join(done.err.split())
    assert stack.services()["asr_0"]["engine"] == "scripted"
