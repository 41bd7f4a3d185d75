"""Which instances of a stage stay when there are to be fewer."""

import pytest

from streamtalk.cli.scale import by_tenure
from streamtalk.proto.directory import Instance

pytestmark = pytest.mark.unit


def instance(slot: str, uptime_s: float, *, ready: bool = True, rank: int = 0) -> Instance:
    """One that has run for so long."""
    return Instance(
        service="tts",
        instance=f"{slot}-aa",
        slot=slot,
        engine="-",
        endpoint="",
        pid=1,
        state="active" if ready else "failed",
        ready=ready,
        rank=rank,
        uptime_s=uptime_s,
    )


def test_youngest_go_first() -> None:
    """After a swap the older instance may lie in the higher slot."""
    serving = [instance("tts_0", 5.0), instance("tts_3", 900.0), instance("tts_1", 70.0)]
    assert [i.slot for i in by_tenure(serving)] == ["tts_3", "tts_1", "tts_0"]


def test_broken_one_goes_before_any_that_works() -> None:
    """However old it is."""
    serving = [instance("tts_0", 900.0, ready=False), instance("tts_1", 5.0)]
    assert [i.slot for i in by_tenure(serving)] == ["tts_1", "tts_0"]


def test_fallback_is_not_counted() -> None:
    """`scale` says how many of the first choice there are."""
    serving = [instance("tts_0", 5.0), instance("tts_1", 900.0, rank=1)]
    assert [i.slot for i in by_tenure(serving)] == ["tts_0"]
