"""Who waits for an instance hears that it brings its model, and waits for as long as it gets on."""

import pytest

from streamtalk.cli.stack import Progress, doing
from streamtalk.proto.directory import Instance
from streamtalk.runtime.models.progress import Progress as Fetched

pytestmark = pytest.mark.unit


def _instance(reason: str, *, state: str = "loading") -> Instance:
    return Instance(
        service="tts",
        instance="tts_0-a",
        slot="tts_0",
        engine="spark_mlx",
        endpoint="ipc:///x",
        pid=1,
        state=state,  # type: ignore[arg-type]
        reason=reason,
    )


def _progress(done_bytes: int) -> Progress:
    told = str(Fetched("owner/spark", "model.bin", done_bytes, 200_000_000))
    return Progress([], {"tts_0": doing(_instance(told)), "asr_0": "loading"})


def test_fetch_is_told_with_its_share() -> None:
    """In megabytes and hundredths; other states are told as they were."""
    assert _progress(50_000_000).waiting["tts_0"] == (
        "loading: fetching owner/spark: 50 of 200 MB, 25 %"
    )
    assert doing(_instance("")) == "loading"
    assert doing(_instance("shutting down", state="draining")) == "draining"


def test_only_a_fetch_that_gets_on_is_waited_for() -> None:
    """The same words again are no news; an empty model is whole at once."""
    first, same, more = map(_progress, (50_000_000, 50_000_000, 52_000_000))
    assert first.fetches == same.fetches
    assert more.fetches - first.fetches
    assert Fetched("owner/spark", "", 0, 0).percent == 100
