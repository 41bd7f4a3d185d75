"""A voice that fails in mid-word: the listener gets the whole answer, in real processes."""

import pytest

from streamtalk.cli.failover.cuts import measure, summary

pytestmark = pytest.mark.conversation

CUTS = 6


@pytest.mark.parametrize("exact", [True, False])
def test_answer_is_heard_whole_whatever_becomes_of_its_voice(exact: bool) -> None:
    """Error, stall, silence, twice each: nothing is skipped, and no more than allowed repeated.

    Exact marks: at most the word that was cut; estimated ones: at most a clause. Times are for
    `streamtalk bench failover` to print.
    """
    found = measure(CUTS, seed=4, exact=exact)
    figures = summary(found)
    assert found["whole_before"]
    assert found["first_voice_after"], "a voice that is well again speaks again"
    assert figures["handed_over"] > 0
    assert {**figures, "cuts": CUTS, "garbled": 0, "skipped": 0, "repeated_too_much": 0} == figures
    assert all(len(row["voices"]) <= 2 for row in found["rows"]), "nobody takes over without need"
