"""A server that failed is left alone for a while, and every wait has an end."""

import pytest

from streamtalk.orchestrator.llm.breaker import Breaker
from streamtalk.orchestrator.llm.config import LlmConfig
from streamtalk.orchestrator.llm.deadlines import answer_deadlines
from streamtalk.orchestrator.llm.errors import LlmServerError, LlmUnreachableError

pytestmark = pytest.mark.unit

FAILURE = LlmServerError("the server failed")


def test_breaker_refuses_for_its_time_and_says_why() -> None:
    """After a failure calls fail at once, with the first reason and the time left."""
    breaker = Breaker(10.0)
    breaker.admit(0.0)
    breaker.failed(1.0, FAILURE)
    with pytest.raises(LlmUnreachableError, match=r"6 s.*the server failed"):
        breaker.admit(5.0)


def test_breaker_lets_one_call_try() -> None:
    """Half-open: one call at a time, and its success closes the circuit."""
    breaker = Breaker(10.0)
    breaker.failed(0.0, FAILURE)
    breaker.admit(10.0)
    with pytest.raises(LlmUnreachableError):
        breaker.admit(10.0)
    breaker.succeeded()
    breaker.admit(10.0)
    breaker.admit(10.0)


def test_breaker_opens_again_when_the_try_fails() -> None:
    """A failed try costs another whole time."""
    breaker = Breaker(10.0)
    breaker.failed(0.0, FAILURE)
    breaker.admit(10.0)
    breaker.failed(11.0, FAILURE)
    with pytest.raises(LlmUnreachableError):
        breaker.admit(20.9)
    breaker.admit(21.0)


def test_breaker_forgets_a_try_that_was_cancelled() -> None:
    """A person who cuts in does not lock the server out."""
    breaker = Breaker(10.0)
    breaker.failed(0.0, FAILURE)
    breaker.admit(10.0)
    breaker.abandoned()
    breaker.admit(10.0)


def test_deadlines_wait_longer_for_the_first_word() -> None:
    """First word, stall and the whole answer each have their own limit."""
    deadlines = answer_deadlines(LlmConfig(), 100.0)
    assert deadlines.next_s() == 120.0
    assert "no first word within 20 s" in deadlines.complaint()
    deadlines.came(110.0)
    assert deadlines.next_s() == 125.0
    assert "stopped in its answer" in deadlines.complaint()
    deadlines.came(219.0)
    assert deadlines.next_s() == 220.0
    assert not deadlines.is_over(219.9)
    assert deadlines.is_over(220.0)
    assert "within 120 s" in deadlines.complaint()
