"""Whoever waits for others excuses them for the time in which it was away itself."""

import pytest

from streamtalk.runtime.looks import JUMP_NS, WAKING_NS, Looks

pytestmark = pytest.mark.unit

HOUR_NS = 3_600_000_000_000


def test_owner_that_comes_round_excuses_nobody() -> None:
    """Also when it is late now and then, and at its first look."""
    looks = Looks()
    times_ns = [HOUR_NS, HOUR_NS + 250_000_000, HOUR_NS + 250_000_000 + JUMP_NS]
    assert [looks.look(now_ns) for now_ns in times_ns] == [0, 0, 0]


def test_absence_is_excused_with_the_waking_once() -> None:
    """All of the gap, however long the machine slept."""
    looks = Looks()
    looks.look(0)
    assert looks.look(HOUR_NS) == HOUR_NS + WAKING_NS
    assert looks.look(HOUR_NS + JUMP_NS) == 0
