"""The watchdog's look at itself, in virtual time."""

import pytest

from streamtalk.watchdog.self_watch import HANG_NS, OwnPulse

pytestmark = pytest.mark.unit

SECOND_NS = 1_000_000_000


def test_pulse_hangs_when_no_round_comes() -> None:
    """Asked every second, it is found one second after the limit, and not before."""
    pulse = OwnPulse()
    pulse.beat(0)
    asked = [pulse.hangs(second * SECOND_NS) for second in range(HANG_NS // SECOND_NS + 2)]
    assert asked == [False] * (len(asked) - 1) + [True]


def test_pulse_that_beats_does_not_hang() -> None:
    """A round a second is life, for however long."""
    pulse = OwnPulse()
    for second in range(100):
        pulse.beat(second * SECOND_NS)
        assert not pulse.hangs(second * SECOND_NS)


def test_sleep_of_the_machine_is_no_hang() -> None:
    """A gap between its own looks begins the count anew, and a hang after it is still found."""
    pulse = OwnPulse()
    pulse.beat(0)
    assert not pulse.hangs(SECOND_NS)
    awake_ns = 600 * SECOND_NS
    assert not pulse.hangs(awake_ns)
    asked = [pulse.hangs(awake_ns + second * SECOND_NS) for second in range(1, 22)]
    assert asked == [False] * 20 + [True]


def test_pulse_that_never_beat_does_not_hang() -> None:
    """Before the first round there is nothing to miss: loading has its own budget."""
    pulse = OwnPulse()
    assert not any(pulse.hangs(second * SECOND_NS) for second in range(60))
