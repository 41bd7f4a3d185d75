"""A model is fetched whole, whatever the network does, and never twice."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from streamtalk.proto.errors import EngineError, EngineMissingError, InputError
from streamtalk.runtime.models.download import Downloader
from streamtalk.runtime.models.hub import Selection
from streamtalk.runtime.models.progress import Progress
from streamtalk.runtime.models.shelf import cached
from streamtalk.tts.spark.published import SPARK
from tests.support.model_hub import COMMIT, ModelHub

pytestmark = pytest.mark.process

MODEL = "owner/spark"
LARGE = "BiCodec/model.safetensors"
FILES = {
    "config.yaml": b"sample_rate: 16000\n",
    "LLM/config.json": b"{}",
    "LLM/tokenizer.json": b"{}",
    "LLM/model.safetensors": np.random.default_rng(1).bytes(300_000),
    "BiCodec/config.yaml": b"a: 1\n",
    LARGE: np.random.default_rng(2).bytes(3_000_000),
}
UNWANTED = {"wav2vec2-large-xlsr-53/pytorch_model.bin": b"x" * 9_000, "README.md": b"# hi"}


@pytest.fixture
def hub() -> Iterator[ModelHub]:
    """A hub that has Spark-TTS."""
    with ModelHub({**FILES, **UNWANTED}) as running:
        yield running


@pytest.fixture
def downloader(hub: ModelHub, tmp_path: Path) -> Downloader:
    """Fetches from it, without waiting between tries."""
    return Downloader(tmp_path, hub.endpoint, pause=lambda _: None)


def _contents(folder: Path | None) -> dict[str, bytes]:
    assert folder is not None
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_checkpoint_is_fetched_without_what_is_not_needed(
    downloader: Downloader, tmp_path: Path
) -> None:
    """Six files of the commit; wav2vec2 and the page are left where they are."""
    assert cached(MODEL, tmp_path) is None
    folder = downloader.fetch(MODEL, SPARK)
    assert _contents(folder) == FILES
    assert cached(MODEL, tmp_path) == folder == tmp_path / "owner--spark" / COMMIT


def test_progress_grows_to_the_whole(downloader: Downloader) -> None:
    """Bytes of all files together, never fewer than before."""
    heard: list[Progress] = []

    def hear(progress: Progress) -> bool:
        heard.append(progress)
        return True

    downloader.fetch(MODEL, SPARK, hear)
    done = [progress.done_bytes for progress in heard]
    assert done == sorted(done)
    assert done[-1] == heard[-1].total_bytes == sum(map(len, FILES.values()))


def test_nothing_is_fetched_twice(downloader: Downloader, hub: ModelHub) -> None:
    """The second time only the listing is read."""
    downloader.fetch(MODEL, SPARK)
    hub.requests.clear()
    downloader.fetch(MODEL, SPARK)
    assert hub.requests == []


def test_broken_connections_are_resumed(downloader: Downloader, hub: ModelHub) -> None:
    """Each further answer begins where the last one was cut off."""
    hub.files = {LARGE: FILES[LARGE]}
    hub.cuts = [1_200_000, 700_000]
    assert _contents(downloader.fetch(MODEL, SPARK)) == {LARGE: FILES[LARGE]}
    starts = [int(asked.strip("bytes=-") or 0) for _, asked in hub.requests]
    assert starts[0] == 0
    assert starts[1:] == [1_200_000, 1_900_000]


def test_hub_without_ranges_begins_anew(downloader: Downloader, hub: ModelHub) -> None:
    """The whole file in place of the rest is not appended to what is there."""
    hub.ranges = False
    hub.cuts = [19, 2, 2, 250_000]
    assert _contents(downloader.fetch(MODEL, SPARK)) == FILES


def test_overloaded_hub_is_asked_again(downloader: Downloader, hub: ModelHub) -> None:
    """503 and 429 pass."""
    hub.statuses = [503, 429]
    assert _contents(downloader.fetch(MODEL, SPARK)) == FILES


def test_stopped_fetch_goes_on_later(downloader: Downloader, hub: ModelHub) -> None:
    """What was there when the person stopped is not fetched again."""
    limit = len(FILES["LLM/model.safetensors"]) + 1_500_000
    assert downloader.fetch(MODEL, SPARK, lambda p: p.done_bytes < limit) is None
    hub.requests.clear()
    assert _contents(downloader.fetch(MODEL, SPARK)) == FILES
    ((path, asked),) = hub.requests
    assert path == LARGE
    assert int(asked.strip("bytes=-")) >= 1_000_000


@pytest.mark.parametrize("path", [LARGE, "LLM/config.json"])
def test_wrong_content_is_removed(
    downloader: Downloader, hub: ModelHub, tmp_path: Path, path: str
) -> None:
    """SHA-256 of large files and git's checksum of small ones; a second try may mend it."""
    hub.rot = {path}
    with pytest.raises(EngineError, match=f"{path} has the wrong checksum"):
        downloader.fetch(MODEL, SPARK)
    assert cached(MODEL, tmp_path) is None
    hub.rot.clear()
    assert _contents(downloader.fetch(MODEL, SPARK)) == FILES


def test_hub_that_breaks_every_time_is_given_up(downloader: Downloader, hub: ModelHub) -> None:
    """After five answers without a byte."""
    hub.cuts = [0] * 50
    with pytest.raises(EngineMissingError, match="goes on where it stopped"):
        downloader.fetch(MODEL, SPARK)
    assert len(hub.requests) == 5


def test_machine_without_a_network_is_told_what_to_do(tmp_path: Path) -> None:
    """Nothing listens there: at once, and with the way out."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(EngineMissingError, match=r"cannot be reached .* name that folder"):
            Downloader(tmp_path, endpoint, pause=lambda _: None).fetch(MODEL, SPARK)


@pytest.mark.parametrize("model", ["owner/none", "../etc", "owner", "a/b/c", "o/.."])
def test_model_that_is_not_there_is_the_persons_to_mend(downloader: Downloader, model: str) -> None:
    """A name that the hub does not know, or that is none."""
    with pytest.raises(InputError, match=r"has no model|is no model"):
        downloader.fetch(model, SPARK)


def test_other_model_is_refused(downloader: Downloader, hub: ModelHub) -> None:
    """Before anything is fetched."""
    hub.files = {"config.json": b"{}", "model.safetensors": b"x"}
    with pytest.raises(EngineError, match="is no Spark-TTS"):
        downloader.fetch(MODEL, SPARK)
    assert hub.requests == []


def test_listing_cannot_leave_the_folder(downloader: Downloader, hub: ModelHub) -> None:
    """A hub that names a path above the model's folder is given nothing to write there."""
    everything = Selection("model", re.compile(r".*"), LARGE)
    hub.files = {**FILES, "../outside": b"x", "a/../../outside": b"x", "/outside": b"x"}
    assert _contents(downloader.fetch(MODEL, everything)) == FILES


def test_second_process_waits_for_nobody(
    downloader: Downloader, hub: ModelHub, tmp_path: Path
) -> None:
    """Two at the same time would write the same part."""

    def again(_: Progress) -> bool:
        with pytest.raises(InputError, match="fetched by another process"):
            Downloader(tmp_path, hub.endpoint).fetch(MODEL, SPARK)
        return False

    assert downloader.fetch(MODEL, SPARK, again) is None
