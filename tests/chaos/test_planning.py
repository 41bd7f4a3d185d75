"""What chaos and soak do, and in which order."""

import pytest

from streamtalk.cli.chaos.matrix import Run
from streamtalk.cli.chaos.plan import SERVICES, matrix, plan
from streamtalk.cli.chaos.schedule import Schedule
from streamtalk.proto.directory import MODEL_SERVICES
from streamtalk.proto.errors import ConfigError

pytestmark = pytest.mark.unit


def test_plan_is_the_same_for_the_same_seed() -> None:
    """A run can be repeated; another seed meets the stack in another order."""
    assert plan(7) == plan(7)
    assert plan(7) != plan(8)
    assert sorted(case.name for case in plan(7)) == sorted(case.name for case in plan(8))


def test_matrix_kills_and_stops_every_service_in_every_phase() -> None:
    """8 services, 6 phases, 2 faults; models also hang; a second voice is met thrice."""
    names = [case.name for case in matrix()]
    assert len(names) == len(set(names)) == 8 * 6 * 2 + 6 + 3
    assert {case.service for case in matrix() if case.fault == "wedge"} == set(MODEL_SERVICES)


def test_patterns_choose_cases() -> None:
    """One pattern after another, as in a shell."""
    assert {c.name for c in plan(1, ["kill tts S", "wedge asr *"])} == {"kill tts S", "wedge asr T"}


def test_short_plan_is_a_part_of_the_whole() -> None:
    """Every kind of fault, and both stacks: with one voice and with two."""
    short = plan(1, short=True)
    assert {case.fault for case in short} == {"kill", "stop", "wedge"}
    assert [case.replicas for case in short] == sorted(case.replicas for case in short)
    assert {case.name for case in short} < {case.name for case in matrix()}


def test_schedule_keeps_its_periods() -> None:
    """In two hours: rubbish every 5 minutes, a swap an hour, a kill in the middle between."""
    schedule = Schedule(pace=1.0)
    deeds = [(at_s, deed) for at_s in range(0, 7_201, 30) for deed in schedule.due(at_s)]
    count = {kind: sum(deed.kind == kind for _, deed in deeds) for kind in ("rubbish", "sample")}
    assert count == {"rubbish": 24, "sample": 241}
    swaps = [(at_s, deed.target) for at_s, deed in deeds if deed.kind == "swap"]
    assert swaps == [(3_600, "vad"), (7_200, "turn")]
    assert [(at_s, deed.target) for at_s, deed in deeds if deed.kind == "kill"] == [(5_400, "bus")]


def test_pace_shortens_everything_but_the_samples() -> None:
    """A soak of minutes has swaps and kills in it, too; in turn every service is killed."""
    schedule = Schedule(pace=60.0)
    deeds = [deed for at_s in range(1_801) for deed in schedule.due(at_s)]
    assert [deed.kind for deed in deeds].count("sample") == 61
    assert {deed.target for deed in deeds if deed.kind == "kill"} == set(SERVICES)


def test_pattern_that_matches_nothing_is_refused_with_what_there_is() -> None:
    """Nothing done is no proof of anything."""
    run = Run(4, ["kil *"], short=True, tell=print)
    with pytest.raises(ConfigError, match=r"nothing matches kil \*: choose of .*kill bus S.*swap"):
        run.all([1])
