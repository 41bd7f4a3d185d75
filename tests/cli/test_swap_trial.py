"""What new instances have to show before the old ones leave."""

from typing import Any

import pytest

from streamtalk.cli.trial import ENOUGH, Trial, TrialLimits
from streamtalk.proto.directory import Instance
from streamtalk.proto.health import Health, Work

pytestmark = pytest.mark.unit

S = 1_000_000_000


def _trial(old_median_ms: float = 100.0, slower: float = 3.0, service: str = "tts") -> Trial:
    return Trial(service, TrialLimits(10 * S, slower), ["tts_1"], old_median_ms, 0)


def _health(**fields: Any) -> dict[str, Health | None]:  # noqa: ANN401
    name = fields.pop("instance", "tts_1-a")
    ready = fields.pop("ready", True)
    instance = Instance(
        service="tts", instance=name, slot="tts_1", engine="e", endpoint="x", pid=1, ready=ready
    )
    return {"tts_1": Health(instance=instance, **fields)}


def test_good_work_ends_the_trial_early() -> None:
    """After so many pieces, as quick as before; without any work it lasts its whole time."""
    trial = _trial()
    well = _health(work=Work(done=ENOUGH, recent=ENOUGH, median_ms=90.0))
    assert trial.see(well, 3 * S) == ""
    assert not trial.is_over(well, S)
    assert trial.is_over(well, 3 * S)
    assert not _trial().is_over(_health(), 9 * S)
    assert _trial().is_over(_health(), 10 * S)


@pytest.mark.parametrize(
    "found, named",
    [
        (_health(work=Work(done=1, failed=2)), "2 of 3"),
        (_health(busy_ms=1_600.0, budget_ms=5_000.0, doing="speak"), "stalls"),
        (_health(busy_ms=900.0, budget_ms=800.0, doing="speak"), "stalls"),
        (_health(ready=False), "no longer ready"),
        (_health(work=Work(done=3, recent=3, median_ms=310.0)), "3.1 times as slow"),
    ],
)
def test_worse_than_the_old_one_is_told(found: dict[str, Health | None], named: str) -> None:
    """Errors, stalls, lost readiness, slowness: each with its figure."""
    assert named in _trial().see(found, S)


@pytest.mark.parametrize(
    "old_ms, new_ms, slower, recent",
    [
        (100.0, 290.0, 3.0, 9),
        (1.0, 240.0, 3.0, 9),
        (100.0, 900.0, 0.0, 9),
        (0.0, 900.0, 3.0, 9),
        (100.0, 900.0, 3.0, 2),
    ],
)
def test_what_is_quick_enough_or_cannot_be_compared_stays(
    old_ms: float, new_ms: float, slower: float, recent: int
) -> None:
    """Within the factor, under what anybody notices, by wish, or without a figure."""
    found = _health(work=Work(done=recent, recent=recent, median_ms=new_ms))
    assert _trial(old_ms, slower).see(found, S) == ""


def test_death_is_seen_although_supervisord_has_started_the_next() -> None:
    """Another instance in the slot is not the one on trial."""
    trial = _trial()
    assert trial.see(_health(), S) == ""
    assert "has died" in trial.see(_health(instance="tts_1-b"), 2 * S)


def test_silence_counts_only_while_somebody_could_be_asked() -> None:
    """Without the registry nobody knows where it is, which is not its fault."""
    trial = _trial()
    assert trial.see({"tts_1": None}, S) == ""
    assert "does not answer" in trial.see({"tts_1": None}, 3 * S)
    assert trial.see({}, 9 * S) == ""
