"""How much silence the rules engine asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.proto.endpointing import Predict, Prediction
from streamtalk.turn.config import RulesSettings
from streamtalk.turn.engines.rules import RulesEngine

pytestmark = pytest.mark.unit


def _predict(text: str, language: str = "auto", **settings: float) -> Prediction:
    engine = RulesEngine(RulesSettings(**settings))
    return engine.predict(Predict(text=text, silence_ms=100.0, language=language))


def test_whole_question_commits_quickly() -> None:
    """A whole question needs the short silence only."""
    assert _predict("what time is it").commit_after_ms == pytest.approx(200.0)


def test_open_end_commits_late() -> None:
    """A sentence that was broken off gets the long silence."""
    assert _predict("i went to the").commit_after_ms == pytest.approx(1_400.0)


@pytest.mark.parametrize("text", ["", "   ", "..."])
def test_no_words_wait_the_middle_time(text: str) -> None:
    """Without words there is nothing to judge by."""
    prediction = _predict(text)
    assert (prediction.finished, prediction.commit_after_ms) == (0.5, 600.0)


def test_other_language_waits_the_middle_time() -> None:
    """English rules are not applied to what is known to be another language."""
    assert _predict("ich gehe in die", language="de").commit_after_ms == pytest.approx(600.0)


def test_bound_holds_over_every_setting() -> None:
    """The bound wins where a longer silence is configured."""
    assert _predict("because", patient_ms=9_000, bound_ms=1_000).commit_after_ms == 1_000
    assert _predict("hold on", bound_ms=1_000).commit_after_ms == 1_000


@given(st.text(max_size=60))
def test_any_text_gives_a_bounded_answer(text: str) -> None:
    """Whatever the text is, probability and silence stay within their ranges."""
    prediction = _predict(text)
    assert 0.0 <= prediction.finished <= 1.0
    assert 200.0 <= prediction.commit_after_ms <= 2_000.0
