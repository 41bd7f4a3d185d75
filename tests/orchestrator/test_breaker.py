"""A voice that failed is left alone, tried out of people's way, and used again."""

import pytest

from streamtalk.orchestrator.breaker import Breaker, BreakerConfig, Breakers

pytestmark = pytest.mark.unit

S = 1_000_000_000
CONFIG = BreakerConfig(failures=2, open_s=2.0, open_max_s=10.0, again_s=0.5)


def _open(breaker: Breaker, now_ns: int) -> int:
    breaker.failed(now_ns, grave=True)
    trial_ns = breaker.trial_ns()
    assert trial_ns is not None
    return trial_ns


def test_breaker_opens_after_failures_in_a_row() -> None:
    """One that went well between them begins the count anew."""
    breaker = Breaker(CONFIG)
    breaker.failed(0, grave=False)
    breaker.succeeded()
    breaker.failed(0, grave=False)
    assert breaker.state == "closed"
    breaker.failed(0, grave=False)
    assert (breaker.state, breaker.trial_ns()) == ("open", 2 * S)


def test_breaker_opens_at_once_where_somebody_waited() -> None:
    """A second person is not made to wait for the same voice."""
    breaker = Breaker(CONFIG)
    assert _open(breaker, S) == 3 * S
    breaker.failed(2 * S, grave=True)
    assert breaker.trial_ns() == 3 * S, "a call that was under way does not put the trial off"


def test_breaker_is_half_open_for_one_trial() -> None:
    """Until it has ended nobody else is to try."""
    breaker = Breaker(CONFIG)
    _open(breaker, 0)
    breaker.try_it()
    assert (breaker.state, breaker.trial_ns()) == ("half_open", None)
    breaker.passed()
    assert breaker.state == "closed"


def test_trials_grow_apart_up_to_a_limit() -> None:
    """2, 4, 8, then 10 s, however often it fails."""
    breaker, now_ns, waits = Breaker(CONFIG), 0, []
    due_ns = _open(breaker, now_ns)
    for _ in range(5):
        waits.append((due_ns - now_ns) // S)
        now_ns = due_ns
        breaker.try_it()
        breaker.not_passed(now_ns)
        due_ns = breaker.trial_ns() or 0
    assert waits == [2, 4, 8, 10, 10]


def test_only_real_work_makes_the_wait_short_again() -> None:
    """A canned request that is right between two failures of real work shows little."""
    breaker = Breaker(CONFIG)
    assert _open(breaker, 0) == 2 * S
    breaker.try_it()
    breaker.passed()
    assert _open(breaker, 0) == 4 * S
    breaker.try_it()
    breaker.passed()
    breaker.succeeded()
    breaker.succeeded()
    assert _open(breaker, 0) == 2 * S


def test_instance_at_work_is_asked_again_soon() -> None:
    """That it had no time for the trial makes no wait longer."""
    breaker = Breaker(CONFIG)
    due_ns = _open(breaker, 0)
    breaker.try_it()
    breaker.put_off(due_ns)
    assert (breaker.state, breaker.trial_ns()) == ("open", due_ns + S // 2)


def test_real_work_closes_whatever_the_state() -> None:
    """Where all are open, the best is called all the same, and may show that it is well."""
    breaker = Breaker(CONFIG)
    _open(breaker, 0)
    breaker.succeeded()
    breaker.not_passed(S)
    assert breaker.state == "closed"


def test_breakers_tell_whose_trial_is_due() -> None:
    """Each once, and those of processes that are gone never."""
    breakers = Breakers(CONFIG)
    for name, at_ns in (("a", 0), ("b", S), ("gone", 0)):
        breakers.of(name).failed(at_ns, grave=True)
    breakers.forget({"a", "b"})
    assert breakers.next_ns() == 2 * S
    assert breakers.to_try(2 * S) == ["a"]
    assert breakers.to_try(2 * S) == []
    assert (breakers.state("a"), breakers.state("b")) == ("half_open", "open")
    assert (breakers.state("new"), breakers.next_ns()) == ("closed", 3 * S)
