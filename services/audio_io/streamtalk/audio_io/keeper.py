"""Keeps one direction of sound open: states, reasons, when to try again. No I/O, no clock."""

from dataclasses import dataclass

from streamtalk.audio_io.faults import (
    DeviceState,
    Direction,
    Fault,
    rate_changed,
    silence_reason,
    stalled,
)

_NS = 1_000_000_000


@dataclass(frozen=True)
class Patience:
    """How long a keeper waits before it says or does something."""

    first_retry_s: float = 1.0
    longest_retry_s: float = 30.0
    cheap_retry_s: float = 1.0
    """Attempts that cost next to nothing are never further apart than this."""

    cost_factor: float = 100.0
    """An attempt may come as soon as this many times its own cost has passed: 1 % of a core."""

    start_s: float = 5.0
    """Longest stillness of a device that was just opened; sound servers were seen to take 2 s."""

    stall_s: float = 2.0
    silent_s: float = 3.0
    proof_s: float = 3.0
    """A device that still works this long after it was opened is trusted: waiting starts over."""

    drift_window_s: float = 5.0
    drift_ratio: float = 0.06
    """44.1 and 48 kHz lie 8 % apart; a loaded sound server was seen 3 % off."""


class Keeper:
    """The state of one direction. Tell it what happened and when; ask it what to do."""

    def __init__(self, direction: Direction, patience: Patience = Patience()) -> None:
        self.direction = direction
        self.state: DeviceState = "closed"
        self.reason = ""
        self.device = ""
        self.flowing = False
        """Samples have moved since the device was opened."""

        self._patience = patience
        self._rate_hz = 0.0
        self._opened_ns = 0
        self._moved_ns = 0
        self._retry_ns = 0
        self._backoff_s = patience.first_retry_s
        self._zero_since_ns: int | None = None
        self._window_ns: int | None = None
        self._window_frames = 0

    @property
    def wanted(self) -> bool:
        """Whether the device shall be open."""
        return self.state != "closed"

    def start(self, now_ns: int) -> None:
        """Want the device open from now on."""
        if not self.wanted:
            self._enter("absent", "opening")
            self._backoff_s = self._patience.first_retry_s
            self._retry_ns = now_ns

    def stop(self) -> None:
        """Want the device closed."""
        self._enter("closed", "")
        self.flowing = False
        self.device = ""

    def due(self, now_ns: int) -> bool:
        """Whether it is time to try to open the device."""
        return self.state in {"absent", "failed"} and now_ns >= self._retry_ns

    def retry_in_s(self, now_ns: int) -> float:
        """Seconds to the next attempt; 0 when none is planned."""
        if self.state not in {"absent", "failed"}:
            return 0.0
        return max(0.0, (self._retry_ns - now_ns) / _NS)

    def look_again(self, now_ns: int) -> None:
        """Something changed among the devices: do not wait any longer."""
        self._retry_ns = min(self._retry_ns, now_ns)

    def opened(self, device: str, rate_hz: float, now_ns: int) -> None:
        """The device is open; nothing has moved yet."""
        self._enter("open", "")
        self.device = device
        self.flowing = False
        self._rate_hz = rate_hz
        self._opened_ns = self._moved_ns = now_ns
        self._zero_since_ns = None
        self._window_ns = None

    def lost(self, fault: Fault, now_ns: int, cost_s: float = 0.0) -> None:
        """The device could not be opened, or failed; `cost_s` is the CPU time that trying took."""
        self._enter(fault.state, fault.reason)
        self.flowing = False
        cap_s = max(self._patience.cheap_retry_s, cost_s * self._patience.cost_factor)
        self._retry_ns = now_ns + int(min(self._backoff_s, cap_s) * _NS)
        self._backoff_s = min(self._backoff_s * 2, self._patience.longest_retry_s)

    def moved(self, frames: int, now_ns: int, *, zero: bool = False, broken: bool = False) -> None:
        """So many frames went through; `zero`: all of them were, `broken`: some were lost."""
        self.flowing = True
        self._moved_ns = now_ns
        self._judge_silence(now_ns, zero=zero)
        if not self._proven:
            return
        self._backoff_s = self._patience.first_retry_s
        if broken or self._window_ns is None:
            self._window_ns, self._window_frames = now_ns, 0
        else:
            self._window_frames += frames

    def fault(self, now_ns: int) -> Fault | None:
        """What is wrong with the open device, if anything; ask regularly."""
        patience = self._patience
        still_s = (now_ns - self._moved_ns) / _NS
        if still_s > (patience.stall_s if self._proven else patience.start_s):
            return stalled(self.direction, self.device, still_s)
        return self._drift(now_ns)

    @property
    def _proven(self) -> bool:
        return self._moved_ns - self._opened_ns >= self._patience.proof_s * _NS

    def _judge_silence(self, now_ns: int, *, zero: bool) -> None:
        if not zero:
            self._zero_since_ns = None
            self._enter("open", "")
        elif self._zero_since_ns is None:
            self._zero_since_ns = now_ns
        elif now_ns - self._zero_since_ns > self._patience.silent_s * _NS:
            self._enter("silent", silence_reason(self.device))

    def _drift(self, now_ns: int) -> Fault | None:
        if self._window_ns is None:
            return None
        window_s = (now_ns - self._window_ns) / _NS
        if window_s < self._patience.drift_window_s:
            return None
        rate_hz = self._window_frames / window_s
        self._window_ns = None
        if abs(rate_hz / self._rate_hz - 1) > self._patience.drift_ratio:
            return rate_changed(self.direction, self.device, rate_hz)
        return None

    def _enter(self, state: DeviceState, reason: str) -> None:
        self.state = state
        self.reason = reason
