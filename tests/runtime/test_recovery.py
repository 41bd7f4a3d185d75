"""When an instance whose work went wrong proves itself."""

import pytest

from streamtalk.runtime.recovery import Recovery

pytestmark = pytest.mark.unit

SECOND_NS = 1_000_000_000


def _pauses_s(recovery: Recovery, count: int) -> list[int]:
    """Seconds before each of the next proofs, none of which succeeds."""
    pauses, last_s = [], 0
    for now_s in range(200):
        if recovery.is_due(now_s * SECOND_NS):
            pauses.append(now_s - last_s)
            last_s = now_s
            recovery.tried(now_s * SECOND_NS)
    return pauses[:count]


def test_proofs_become_rarer() -> None:
    """After 1 s, then each time twice as long, up to 30 s."""
    recovery = Recovery()
    recovery.begin(0, done=0)
    assert _pauses_s(recovery, 7) == [1, 2, 4, 8, 16, 30, 30]


def test_nothing_is_proved_without_a_doubt() -> None:
    """Neither at first nor after the end of one."""
    recovery = Recovery()
    assert not recovery.is_due(SECOND_NS)
    recovery.begin(0, done=0)
    recovery.end()
    assert not recovery.is_due(60 * SECOND_NS)


def test_second_doubt_does_not_put_the_proof_off() -> None:
    """Failures that go on while a proof is due leave its time alone."""
    recovery = Recovery()
    recovery.begin(0, done=0)
    recovery.begin(SECOND_NS - 1, done=0)
    assert recovery.is_due(SECOND_NS)


def test_engine_that_can_only_do_its_canned_request_is_tried_ever_more_rarely() -> None:
    """A proof without real work after it shortens no pause; work that came out does."""
    recovery = Recovery()
    for now_s, done, pause_s in ((0, 4, 1), (10, 4, 2), (20, 4, 4), (30, 5, 1)):
        recovery.begin(now_s * SECOND_NS, done)
        due_ns = (now_s + pause_s) * SECOND_NS
        assert not recovery.is_due(due_ns - 1)
        assert recovery.is_due(due_ns)
        recovery.tried(due_ns)
        recovery.end()
