"""How often a state is repeated."""

import pytest

from streamtalk.client.cadence import Cadence

pytestmark = pytest.mark.unit

MS_NS = 1_000_000


def test_state_is_repeated_often_until_a_second_after_the_last_event() -> None:
    """A change whose message was lost is made good in 100 ms; what rests costs little."""
    cadence = Cadence(0)
    assert cadence.next_ns(900 * MS_NS, at_rest=False) == 1_000 * MS_NS
    assert cadence.next_ns(1_000 * MS_NS, at_rest=True) == 1_100 * MS_NS
    assert cadence.next_ns(1_899 * MS_NS, at_rest=True) == 1_999 * MS_NS
    assert cadence.next_ns(1_900 * MS_NS, at_rest=True) == 2_400 * MS_NS
    assert cadence.next_ns(2_400 * MS_NS, at_rest=False) == 2_500 * MS_NS
