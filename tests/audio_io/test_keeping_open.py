"""When a device is tried again, and what is said meanwhile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.audio_io.engines.portaudio import explain
from streamtalk.audio_io.faults import Fault, absent, silence_reason
from streamtalk.audio_io.keeper import Keeper

pytestmark = pytest.mark.unit

S = 1_000_000_000
FRAME_NS = 20_000_000
GONE = Fault("absent", "gone")


def opened(direction: str = "capture", at_ns: int = 0) -> Keeper:
    """A keeper whose 16 kHz device was just opened."""
    keeper = Keeper("capture" if direction == "capture" else "playback")
    keeper.start(at_ns)
    keeper.opened("mic", 16_000, at_ns)
    return keeper


def run(
    keeper: Keeper, from_ns: int, to_ns: int, frames: int = 320, *, zero: bool = False
) -> Fault | None:
    """Let audio flow, 20 ms at a time; the first fault found, if any."""
    for now_ns in range(from_ns, to_ns, FRAME_NS):
        keeper.moved(frames, now_ns, zero=zero)
        fault = keeper.fault(now_ns)
        if fault is not None:
            return fault
    return None


def test_waiting_doubles_from_one_to_thirty_seconds() -> None:
    """Dear attempts grow apart, never further than 30 s."""
    keeper = Keeper("capture")
    keeper.start(0)
    waits_s = []
    now_ns = 0
    for _ in range(7):
        keeper.lost(GONE, now_ns, cost_s=1.0)
        waits_s.append(keeper.retry_in_s(now_ns))
        now_ns += int(waits_s[-1] * S)
        assert keeper.due(now_ns)
    assert waits_s == [1, 2, 4, 8, 16, 30, 30]


@given(costs_s=st.lists(st.floats(0, 0.2), min_size=20, max_size=60))
def test_trying_costs_little_of_a_core(costs_s: list[float]) -> None:
    """Whatever attempts cost, up to 0.2 s each, they take below 2 % once the waiting has grown."""
    keeper = Keeper("capture")
    keeper.start(0)
    now_ns = 0
    begun_ns = spent_s = 0.0
    for number, cost_s in enumerate(costs_s):
        keeper.lost(GONE, now_ns, cost_s)
        now_ns += int(keeper.retry_in_s(now_ns) * S)
        if number >= 5:
            begun_ns = begun_ns or now_ns - int(keeper.retry_in_s(now_ns) * S)
            spent_s += cost_s
    waited_s = (now_ns - begun_ns) / S
    assert spent_s <= 0.02 * waited_s + 0.2


def test_cheap_attempts_come_every_second() -> None:
    """Where trying costs next to nothing, the device is found soon after its return."""
    keeper = Keeper("capture")
    keeper.start(0)
    for second in range(20):
        keeper.lost(GONE, second * S, cost_s=0.003)
        assert keeper.retry_in_s(second * S) <= 1.0


def test_change_among_devices_ends_the_waiting() -> None:
    """A sign that something was plugged in makes the next attempt due at once."""
    keeper = Keeper("capture")
    keeper.start(0)
    for _ in range(6):
        keeper.lost(GONE, 0, cost_s=1.0)
    assert not keeper.due(5 * S)
    keeper.look_again(5 * S)
    assert keeper.due(5 * S)


def test_waiting_starts_over_after_a_device_has_proved_itself() -> None:
    """Three seconds of audio reset the waiting; an opening that fails at once does not."""
    keeper = opened()
    for _ in range(5):
        keeper.lost(GONE, 0, cost_s=1.0)
    keeper.opened("mic", 16_000, 0)
    keeper.moved(320, 0)
    keeper.lost(GONE, 0, cost_s=1.0)
    assert keeper.retry_in_s(0) == 30.0
    keeper.opened("mic", 16_000, 0)
    run(keeper, 0, 4 * S)
    keeper.lost(GONE, 4 * S, cost_s=1.0)
    assert keeper.retry_in_s(4 * S) == 1.0


def test_three_seconds_of_zeros_are_told_and_one_sound_ends_it() -> None:
    """`silent` comes after 3 s, not before, and is over with the first sample that is not zero."""
    keeper = opened()
    run(keeper, 0, 3 * S, zero=True)
    states = [str(keeper.state)]
    run(keeper, 3 * S, 4 * S, zero=True)
    states.append(keeper.state)
    assert states == ["open", "silent"]
    assert "digital silence" in keeper.reason
    keeper.moved(320, 4 * S)
    assert (keeper.state, keeper.reason) == ("open", "")


def test_silence_on_a_mac_names_the_permission() -> None:
    """MacOS gives zeros to a terminal without the microphone permission: the message says where."""
    assert "Privacy & Security" in silence_reason("Built-in", platform="darwin")
    assert "Privacy & Security" not in silence_reason("Built-in", platform="linux")


def test_device_that_stands_still_is_a_fault() -> None:
    """Two seconds without a sample after it worked; five while it is starting."""
    keeper = opened()
    assert keeper.fault(4 * S) is None
    assert keeper.fault(6 * S) is not None
    keeper = opened()
    run(keeper, 0, 4 * S)
    assert keeper.fault(5 * S) is None
    fault = keeper.fault(7 * S)
    assert fault is not None
    assert fault.state == "failed"


@pytest.mark.parametrize("rate_hz", [44_100, 48_000])
def test_changed_rate_is_a_fault(rate_hz: int) -> None:
    """A device opened at one of 44.1 and 48 kHz that delivers the other is noticed."""
    other_hz = 48_000 if rate_hz == 44_100 else 44_100
    keeper = Keeper("capture")
    keeper.start(0)
    keeper.opened("mic", rate_hz, 0)
    fault = run(keeper, 0, 20 * S, frames=other_hz // 50)
    assert fault is not None
    assert "rate" in fault.reason


def test_right_rate_is_no_fault() -> None:
    """A device 2.6 % off, as a sound server was seen, is left alone."""
    assert run(opened(), 0, 60 * S, frames=328) is None


def test_lost_samples_are_no_change_of_rate() -> None:
    """After an overrun the measurement of the rate begins anew."""
    keeper = opened()
    for second in range(60):
        keeper.moved(16_000 // 3, second * S, broken=True)
        assert keeper.fault(second * S) is None


def test_stopped_keeper_wants_nothing() -> None:
    """Closed means closed: never due, no reason, no waiting."""
    keeper = opened()
    keeper.lost(GONE, 0)
    keeper.stop()
    assert not keeper.due(100 * S)
    assert (keeper.state, keeper.reason, keeper.retry_in_s(0)) == ("closed", "", 0.0)


@pytest.mark.parametrize(
    "code, number, state, words",
    [
        (-9985, 0, "failed", "used by another program"),
        (-9999, -16, "failed", "used by another program"),
        (-9999, -19, "absent", "gone"),
        (-9999, 0, "absent", "gone"),
        (-9996, 0, "absent", "gone"),
        (-9986, 0, "failed", "Internal PortAudio error"),
    ],
)
def test_portaudio_errors_become_advice(code: int, number: int, state: str, words: str) -> None:
    """Busy, gone and anything else are told apart and named with the device."""
    error = RuntimeError("Internal PortAudio error", code, (0, number, ""))
    fault = explain(error, "capture", "Blue Yeti")
    assert fault.state == state
    assert words in fault.reason
    assert "Blue Yeti" in fault.reason


def test_absent_device_names_the_choices() -> None:
    """The reason lists what there is, or says that there is nothing."""
    assert "'yeti'" in absent("capture", "yeti", ["Built-in"]).reason
    assert "Built-in" in absent("capture", "yeti", ["Built-in"]).reason
    assert "no loudspeaker is connected" in absent("playback", "", []).reason
