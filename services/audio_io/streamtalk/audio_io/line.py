"""One direction of sound, kept open: finds the device, opens it, drops it, tries again."""

import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from streamtalk.audio_io.devices import Device, names, pick
from streamtalk.audio_io.faults import DeviceError, Fault, absent
from streamtalk.audio_io.keeper import Keeper
from streamtalk.audio_io.rescan import Rescan


class _Closable(Protocol):
    rate_hz: int

    def close(self) -> None:
        """Give the device back."""


S = TypeVar("S", bound=_Closable)


class Line(Generic[S]):
    """Belongs to one thread, except `wanted`, which any thread may set."""

    def __init__(
        self,
        keeper: Keeper,
        wish: str,
        rescan: Rescan,
        devices: Callable[[], list[Device]],
        opener: Callable[[Device], S],
    ) -> None:
        self.keeper = keeper
        self.stream: S | None = None
        self.wanted = False
        """Whether the device shall be open."""

        self._generation = rescan.generation
        self._wish = wish
        self._rescan = rescan
        self._devices = devices
        self._opener = opener

    def step(self, now_ns: int, *, quiet: bool) -> S | None:
        """Do what is due; the open stream, or None. `quiet`: closing it would disturb nobody."""
        if not self.wanted:
            self.close()
            self.keeper.stop()
            return None
        self.keeper.start(now_ns)
        if self.stream is None:
            self._seek(now_ns)
        else:
            self._inspect(now_ns, quiet=quiet)
        return self.stream

    def drop(self, fault: Fault, now_ns: int) -> None:
        """The open device failed."""
        self.close()
        self.keeper.lost(fault, now_ns)

    def close(self) -> None:
        """Give the device back, if it is open."""
        if self.stream is not None:
            stream, self.stream = self.stream, None
            stream.close()
            self._rescan.left()

    def _inspect(self, now_ns: int, *, quiet: bool) -> None:
        fault = self.keeper.fault(now_ns)
        if fault is not None:
            self.drop(fault, now_ns)
        elif self._rescan.must_yield(now_ns, quiet=quiet):
            self.close()
            self._rescan.give_way()
            self._open(now_ns)

    def _seek(self, now_ns: int) -> None:
        changed = self._rescan.changed(now_ns)
        if changed or self._generation != self._rescan.generation:
            self._generation = self._rescan.generation
            self.keeper.look_again(now_ns)
        if not self.keeper.due(now_ns) or self._open(now_ns):
            return
        if self._rescan.ask(now_ns, self._offers, sure=changed):
            self._open(now_ns)

    def _offers(self, devices: list[Device]) -> bool:
        known = {device.name for device in self._devices()}
        found = pick(devices, self._wish, self.keeper.direction)
        return found is not None and found.name not in known

    def _open(self, now_ns: int) -> bool:
        spent_ns = time.thread_time_ns()
        # From here on the list is not read anew, so that an index cannot change its meaning.
        self._rescan.entered()
        try:
            device = self._find()
            self.stream = self._opener(device)
        except DeviceError as error:
            self._rescan.left()
            self.keeper.lost(error.fault, now_ns, (time.thread_time_ns() - spent_ns) / 1e9)
            return False
        self.keeper.opened(device.name, self.stream.rate_hz, now_ns)
        return True

    def _find(self) -> Device:
        devices = self._devices()
        direction = self.keeper.direction
        device = pick(devices, self._wish, direction)
        if device is None:
            raise DeviceError(absent(direction, self._wish, names(devices, direction)))
        return device
