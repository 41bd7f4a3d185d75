"""Which device a person means, and when the list of devices is read anew."""

from collections.abc import Hashable

import pytest

from streamtalk.audio_io.devices import Device, pick
from streamtalk.audio_io.engine import CaptureStream, PlaybackStream
from streamtalk.audio_io.rescan import Rescan

pytestmark = pytest.mark.unit

S = 1_000_000_000


def device(index: int, name: str, inputs: int, outputs: int, *, default: bool = False) -> Device:
    """A device that may be the default of all that it can do."""
    return Device(
        index=index,
        name=name,
        host="ALSA",
        inputs=inputs,
        outputs=outputs,
        rate_hz=48_000,
        default_input=default and inputs > 0,
        default_output=default and outputs > 0,
    )


DEVICES = [
    device(0, "HDMI", 0, 8),
    device(1, "Blue Yeti Stereo", 2, 2),
    device(2, "Yeti", 1, 0),
    device(3, "Built-in", 2, 2, default=True),
]


@pytest.mark.parametrize(
    "wish, index",
    [("", 3), ("0", None), ("1", 1), ("yeti", 2), ("blue", 1), ("alsa", 1), ("hdmi", None)],
)
def test_microphone_is_picked_by_name_or_index(wish: str, index: int | None) -> None:
    """Exact names come before parts of names; what cannot record is never picked."""
    found = pick(DEVICES, wish, "capture")
    assert (found.index if found else None) == index


def test_loudspeaker_is_picked_among_those_that_play() -> None:
    """The same name means another device in the other direction."""
    found = pick(DEVICES, "yeti", "playback")
    assert found is not None
    assert found.index == 1


def test_no_default_is_no_device() -> None:
    """Without a default nothing is guessed."""
    assert pick(DEVICES[:2], "", "capture") is None


class Machine:
    """A sound system whose list is counted, and a sign of change that a test sets."""

    def __init__(self) -> None:
        self.scans = 0
        self.sign: Hashable = 0

    def glance(self) -> Hashable:
        """The sign."""
        return self.sign

    def devices(self) -> list[Device]:
        """None."""
        return []

    def open_capture(self, device: Device) -> CaptureStream:
        """Nothing can be opened here."""
        raise AssertionError(device)

    def open_playback(self, device: Device) -> PlaybackStream:
        """Nothing can be opened here."""
        raise AssertionError(device)

    def rescan(self) -> None:
        """Count."""
        self.scans += 1


def useless(devices: list[Device]) -> bool:
    """No list is of use."""
    return bool(devices) and not devices


def test_list_is_read_at_once_when_nothing_is_open() -> None:
    """A sign of change is followed where it disturbs nobody."""
    machine = Machine()
    rescan = Rescan(machine, machine.glance)
    machine.sign = 1
    assert rescan.changed(10 * S)
    assert rescan.ask(10 * S, useless, sure=True)
    assert machine.scans == 1
    assert not rescan.changed(20 * S)


def test_open_direction_gives_way_when_it_is_quiet() -> None:
    """The list is not read while a stream is open; it yields when quiet, or after 2 s anyway."""
    machine = Machine()
    rescan = Rescan(machine, machine.glance)
    rescan.entered()
    machine.sign = 1
    assert not rescan.must_yield(10 * S, quiet=True)
    assert not rescan.ask(10 * S, useless, sure=True)
    assert machine.scans == 0
    assert not rescan.must_yield(11 * S, quiet=False)
    assert rescan.must_yield(11 * S, quiet=True)
    assert rescan.must_yield(13 * S, quiet=False)
    rescan.left()
    rescan.give_way()
    assert machine.scans == 1
    assert not rescan.must_yield(13 * S, quiet=True)


def test_blind_looks_are_thirty_seconds_apart() -> None:
    """Without a sign the list is read rarely, however often it is asked for."""
    machine = Machine()
    rescan = Rescan(machine, machine.glance)
    for second in range(100):
        rescan.ask(second * S, useless, sure=False)
    assert machine.scans == 3
