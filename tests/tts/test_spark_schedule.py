"""The schedule of chunks: soonest first sound, never a wait, on any machine."""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamtalk.tts.spark.chunking import STEADY_AHEAD, Progress, Reach, Shape
from streamtalk.tts.spark.geometry import Context
from streamtalk.tts.spark.schedule import (
    AHEADS,
    FIRST_NEW,
    NEWS,
    STEADY_NEWS,
    Mode,
    Schedule,
    derive,
    steady_shape,
)
from streamtalk.tts.spark.simulator import MACHINES, lines, predict, predictions
from streamtalk.tts.spark.timeline import FRAME_S, HELD_BACK_S, Clock, Costs, play

pytestmark = pytest.mark.unit

REACH = Reach(Context(57, 57), Context(10, 10))
EXPECTED = 150
COSTS = st.builds(
    Costs,
    token_s=st.floats(0.0001, 0.03),
    prenet_frame_s=st.floats(0.0, 0.001),
    wave_frame_s=st.floats(0.0, 0.012),
    window_s=st.floats(0.0, 0.03),
    start_s=st.floats(0.0, 0.2),
)
MODES = st.sampled_from(sorted(AHEADS))


@settings(max_examples=25, deadline=None)
@given(costs=COSTS, mode=MODES, total=st.integers(1, 3_000))
def test_schedule_never_waits_where_it_says_so(costs: Costs, mode: Mode, total: int) -> None:
    """Whatever the machine and wherever the stream ends: what is covered plays without a wait."""
    schedule = derive(costs, REACH, mode, EXPECTED)
    if schedule.covers(total):
        assert play(costs, Progress(REACH), schedule.shape, total).underruns == 0
    assert schedule.covers(EXPECTED)
    assert schedule.shapes[-1].ahead == STEADY_AHEAD or not schedule.real_time


@settings(max_examples=15, deadline=None)
@given(costs=COSTS, mode=MODES)
def test_slow_machine_is_told_from_a_quick_one(costs: Costs, mode: Mode) -> None:
    """Real time is claimed exactly where an endless stream is made as quickly as it plays."""
    schedule = derive(costs, REACH, mode, EXPECTED)
    totals = (1_000, 2_000)
    shape = Shape(STEADY_NEWS[-1], STEADY_AHEAD)
    made = [play(costs, Progress(REACH), lambda _: shape, total).made_s for total in totals]
    rate = (made[1] - made[0]) / (1_000 * FRAME_S)
    if rate < 0.97:
        assert schedule.real_time
    if rate > 1.03:
        assert not schedule.real_time


def _waits(costs: Costs, shapes: Sequence[Shape], frames: int) -> bool:
    """Whether a long stream waits, or one of those that end early."""
    chunks = Schedule(tuple(shapes), real_time=True, covers_frames=None, first_audio_s=0)
    totals = (frames, *range(1, 220))
    return any(play(costs, Progress(REACH), chunks.shape, total).underruns for total in totals)


@settings(max_examples=5, deadline=None)
@given(costs=COSTS, mode=MODES)
def test_no_shorter_first_chunk_would_do(costs: Costs, mode: Mode) -> None:
    """Every sequence of up to three later shapes waits, when the first chunk is a frame shorter."""
    schedule, steady = derive(costs, REACH, mode, EXPECTED), steady_shape(costs, REACH)
    first = schedule.shapes[0]
    if first.new == FIRST_NEW or steady is None or len(schedule.shapes) > 4:
        return
    shorter = first._replace(new=first.new - 1)
    menu = [Shape(new, ahead) for new in NEWS for ahead in AHEADS[mode] if ahead < STEADY_AHEAD]
    for length in range(3):
        for middle in itertools.product(menu, repeat=length):
            assert _waits(costs, (shorter, *middle, steady), 600)


def test_underrun_is_that_of_the_inequality() -> None:
    """(N2 + R2 - R1) tokens and a window take longer than the first chunk lasts: one wait."""
    shapes = (Shape(8, 4), Shape(16, 10))
    spare_s = 8 * FRAME_S - HELD_BACK_S
    for token_s, waits in ((spare_s / 22 - 1e-6, 0), (spare_s / 22 + 1e-6, 1)):
        costs = Costs(token_s, 0.0, 0.0)
        clock = Clock(costs, Progress(REACH)).make(shapes[0])
        assert clock.at_s == pytest.approx(12 * token_s)
        assert (clock.make(shapes[1]).at_s > clock.due_s) == bool(waits)


def test_end_of_a_stream_costs_a_token_of_its_own() -> None:
    """Eight frames take nine tokens: the model has to say that there are no more."""
    costs = Costs(0.01, 0.0, 0.0)
    played = play(costs, Progress(REACH), lambda _: Shape(8, 4), 8)
    assert played.chunks == 1
    assert played.made_s == pytest.approx(0.09)


@pytest.mark.parametrize(
    "name, quantisation, limit_ms", [("M1", "q8", 230), ("M2 Pro", "q8", 95), ("H200", "bf16", 10)]
)
def test_predicted_first_audio_meets_its_target(
    name: str, quantisation: str, limit_ms: float
) -> None:
    """The targets of first audio, on machines that only arithmetic has seen, without a wait."""
    machine = next(machine for machine in MACHINES if machine.name == name)
    row = predict(machine, quantisation, "fast", REACH)  # type: ignore[arg-type]
    assert row["first_audio_ms"] <= limit_ms
    assert row["underruns"] == 0
    assert row["real_time"]


@pytest.mark.parametrize(
    "name, quantisation, expected_ms",
    [("M1", "q8", (226, 312)), ("M2 Pro", "q8", (91, 128)), ("M4 Max", "bf16", (49, 73))],
)
def test_costs_are_those_of_the_formula(
    name: str, quantisation: str, expected_ms: tuple[int, int]
) -> None:
    """Start, tokens and a window with all its context (n + 22, n + 114): the known figures."""
    machine = next(machine for machine in MACHINES if machine.name == name)
    costs = machine.costs(quantisation)  # type: ignore[arg-type]
    for frames, first_ms in zip((12, 20), expected_ms, strict=True):
        window_s = (frames + 22) * costs.wave_frame_s + (frames + 114) * costs.prenet_frame_s
        found_s = costs.start_s + frames * costs.token_s + window_s
        assert found_s * 1000 == pytest.approx(first_ms, rel=0.02)


def test_table_says_that_it_is_predicted() -> None:
    """Nobody can take the table for a measurement; it has a row for each of 36 cases."""
    rows = predictions(REACH)
    text = list(lines(rows))
    assert text[0].startswith("predicted")
    assert len(text) == 2 + 36
    assert all(row["underruns"] == 0 for row in rows)
