"""What an instance's own work shows of it."""

import pytest

from streamtalk.proto.health import Work
from streamtalk.runtime.evidence import Evidence

pytestmark = pytest.mark.unit


def test_evidence_of_nothing_is_empty() -> None:
    """An instance that has done nothing shows neither success nor failure."""
    assert Evidence().work() == Work()


def test_evidence_times_the_last_pieces() -> None:
    """Only the last 64 durations are in the figures, while the counts go back to the start."""
    evidence = Evidence()
    for duration_ms in [9_000.0, *(float(n) for n in range(1, 65))]:
        evidence.succeeded(duration_ms)
    assert evidence.work() == Work(done=65, failed=0, recent=64, median_ms=33.0, worst_ms=64.0)


def test_evidence_counts_pieces_without_a_duration() -> None:
    """A piece for which nobody waited is counted and not timed."""
    evidence = Evidence()
    evidence.succeeded()
    evidence.succeeded(5.0)
    work = evidence.work()
    assert (work.done, work.recent, work.median_ms) == (2, 1, 5.0)


def test_evidence_condemns_after_failures_in_a_row() -> None:
    """Two failures and a success are bad luck, three failures in a row are not."""
    evidence = Evidence()
    verdicts = []
    for failures in (2, 3):
        for _ in range(failures):
            evidence.failed("mute")
        verdicts.append(evidence.condemns)
        if failures == 2:
            evidence.succeeded()
    assert verdicts == [False, True]
    assert (evidence.failures_in_a_row, evidence.reason) == (3, "mute")
    assert evidence.work().failed == 5


def test_evidence_doubts_without_condemning() -> None:
    """Three results in a row that are right only now and then call for a proof, no more."""
    evidence = Evidence()
    seen = []
    for _ in range(3):
        evidence.doubted()
        seen.append(evidence.doubts)
    assert seen == [False, False, True]
    assert (evidence.condemns, evidence.work().done) == (False, 3)
    evidence.cleared()
    assert [evidence.doubts, evidence.failures_in_a_row] == [False, 0]
