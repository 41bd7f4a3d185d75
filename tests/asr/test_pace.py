"""A budget follows from what was measured: enough for a slow model, not much more for a hang."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.asr.pace import MOST_CALL_MS, MOST_FACTOR, SLACK_MS, Pace
from streamtalk.asr.whisper.speed import MOST_TOKENS, Speed, pace_of, token_limit

pytestmark = pytest.mark.unit

SPEEDS = st.floats(min_value=0.0, max_value=1e6)


def test_large_model_on_a_small_machine_has_time_for_its_window() -> None:
    """26 s to encode a window is slow, and no hang."""
    budget = pace_of(Speed(encode_ms=26_000.0, token_ms=200.0), tries=1).budget()
    assert budget.of(2_000.0) > 52_000.0


def test_tiny_model_that_hangs_is_found_soon() -> None:
    """A few seconds after a short utterance; a fixed rule would take a quarter of a minute."""
    budget = pace_of(Speed(encode_ms=600.0, token_ms=8.0), tries=2).budget()
    assert 1_200.0 < budget.of(2_000.0) < 6_000.0


@given(SPEEDS, SPEEDS, st.floats(min_value=0.0, max_value=60_000.0))
def test_budget_has_a_least_and_a_most(call_ms: float, factor: float, audio_ms: float) -> None:
    """A measure that went wrong neither kills what works nor lets a hang last for ever."""
    allowed_ms = Pace(call_ms, factor).budget().of(audio_ms)
    assert SLACK_MS <= allowed_ms <= SLACK_MS + MOST_CALL_MS + MOST_FACTOR * audio_ms


@given(SPEEDS, st.floats(min_value=0.0, max_value=10.0), st.floats(0.0, 60_000.0))
def test_budget_is_above_the_cost_of_a_machine_that_can_talk(
    call_ms: float, factor: float, audio_ms: float
) -> None:
    """Within the bounds, what was measured always fits."""
    pace = Pace(min(call_ms, 90_000.0), factor)
    assert pace.budget().of(audio_ms) >= pace.cost_ms(audio_ms)


@given(st.floats(min_value=0.0, max_value=30.0), st.integers(1, 6))
def test_cost_covers_every_token_of_every_try(audio_s: float, tries: int) -> None:
    """The limit of the decoder and the pace count alike."""
    speed = Speed(encode_ms=100.0, token_ms=10.0)
    worst_ms = 100.0 + token_limit(audio_s) * tries * 10.0
    # A token is rounded.
    assert pace_of(speed, tries).cost_ms(audio_s * 1_000.0) >= worst_ms - 10.0 * tries
    assert token_limit(audio_s) <= MOST_TOKENS
