"""A transcript is waited for as long as those who make it say that it may take."""

import pytest

from streamtalk.orchestrator.config import OrchestratorConfig
from streamtalk.orchestrator.waiting import transcript_patience
from streamtalk.proto.directory import Instance

pytestmark = pytest.mark.unit

CONFIG = OrchestratorConfig()


def _instance(budget_ms: float, factor: float = 0.0) -> Instance:
    return Instance(
        service="asr",
        instance="asr_0-a",
        slot="asr_0",
        engine="x",
        endpoint="ipc:///x",
        pid=1,
        budget_ms=budget_ms,
        budget_factor=factor,
    )


def test_slow_model_is_not_given_up_early() -> None:
    """26 s for a window: the call outlasts its budget, and the whole is no shorter."""
    patience = transcript_patience(CONFIG, [_instance(53_000.0, 2.0)], 3.0, long_away=False)
    assert patience.budget_s == pytest.approx(29.5)
    assert 59.0 < patience.attempt_s <= patience.whole_s


@pytest.mark.parametrize("instances", [[], [_instance(0.0)]])
def test_what_declares_nothing_is_waited_for_by_the_rule(instances: list[Instance]) -> None:
    """An engine of one's own, or nobody at the moment."""
    patience = transcript_patience(CONFIG, instances, 2.0, long_away=False)
    assert (patience.budget_s, patience.attempt_s, patience.whole_s) == (2.0, 9.0, 14.0)


def test_quick_engine_is_late_as_soon_as_before() -> None:
    """A budget of a second or two does not put off asking another instance."""
    patience = transcript_patience(CONFIG, [_instance(1_000.0, 1.0)], 2.0, long_away=False)
    assert patience.budget_s == 2.0


def test_slowest_of_a_chain_has_its_time() -> None:
    """Any of them may be the one that is asked in the end."""
    chain = [_instance(1_000.0), _instance(30_000.0)]
    assert transcript_patience(CONFIG, chain, 1.0, long_away=False).attempt_s > 30.0


def test_stage_that_is_long_away_is_not_waited_for() -> None:
    """People are told instead."""
    assert transcript_patience(CONFIG, [], 2.0, long_away=True).whole_s == 1.0
