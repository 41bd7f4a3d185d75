"""Whether new instances prove themselves while the old ones are still there; no I/O, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from streamtalk.proto.health import Health

FAILURES: Final = 2
"""So many pieces of work that went wrong, and the new one is no good."""

ENOUGH: Final = 20
"""So many that came out right, as quickly as before, and it is."""

COMPARABLE: Final = {"vad": 50, "turn": 3, "asr": 3, "tts": 3}
"""Fewer durations than this say nothing about speed: a new `vad` first catches up."""

QUICK_MS: Final = {"vad": 16.0, "turn": 100.0, "asr": 500.0, "tts": 250.0}
"""What is no slower than this is not undone, however quick the old one was."""

SILENT_NS: Final = 2_000_000_000
"""A busy machine keeps a process that has just loaded its model waiting for a second."""

_AT_LEAST_NS: Final = 2_000_000_000
_STALL_MS: Final = 1_000.0


@dataclass(frozen=True)
class TrialLimits:
    """What is asked of the new instances."""

    trial_ns: int
    slower: float
    """Factor by which they may be slower; 0: any."""


@dataclass
class Trial:
    """Begins when the new ones have become active."""

    service: str
    limits: TrialLimits
    slots: list[str]
    old_median_ms: float
    """Of the instances that they replace; 0 where nothing is known."""

    began_ns: int
    _heard_ns: dict[str, int] = field(default_factory=dict)
    _instances: dict[str, str] = field(default_factory=dict)

    def see(self, found: Mapping[str, Health | None], now_ns: int) -> str:
        """Take the answers to probes, none where nobody could be asked; returns why they fail."""
        if not found:
            return ""
        reasons = (self._judge(slot, found.get(slot), now_ns) for slot in self.slots)
        return next(filter(None, reasons), "")

    def is_over(self, found: Mapping[str, Health | None], now_ns: int) -> bool:
        """Whether they have proved themselves, or had their time."""
        elapsed_ns = now_ns - self.began_ns
        if elapsed_ns >= self.limits.trial_ns:
            return True
        done = [h.work.recent if (h := found.get(slot)) is not None else 0 for slot in self.slots]
        return elapsed_ns >= _AT_LEAST_NS and min(done, default=0) >= ENOUGH

    def _judge(self, slot: str, health: Health | None, now_ns: int) -> str:
        if health is None:
            silent_ns = now_ns - self._heard_ns.get(slot, self.began_ns)
            return f"{slot} does not answer" if silent_ns > SILENT_NS else ""
        self._heard_ns[slot] = now_ns
        instance = health.instance
        if self._instances.setdefault(slot, instance.instance) != instance.instance:
            return f"{slot} has died"
        if not instance.ready:
            return f"{slot} is no longer ready: {instance.reason or instance.state}"
        return self._judge_work(slot, health)

    def _judge_work(self, slot: str, health: Health) -> str:
        work = health.work
        if work.failed >= FAILURES:
            return f"{slot} fails: {work.failed} of {work.done + work.failed} pieces of work"
        if health.busy_ms > self._stall_ms(health):
            return f"{slot} stalls: {health.doing} has been running for {health.busy_ms:.0f} ms"
        if work.recent >= COMPARABLE[self.service] and self._too_slow(work.median_ms):
            factor = work.median_ms / self.old_median_ms
            return (
                f"{slot} is {factor:.1f} times as slow: {work.median_ms:.0f} ms instead of "
                f"{self.old_median_ms:.0f}; --slower 0 takes it all the same"
            )
        return ""

    def _too_slow(self, median_ms: float) -> bool:
        if not self.limits.slower or not self.old_median_ms:
            return False
        return median_ms > max(QUICK_MS[self.service], self.limits.slower * self.old_median_ms)

    def _stall_ms(self, health: Health) -> float:
        """A call is over its budget, or takes many times as long as those of the old one did."""
        if not self.limits.slower or not self.old_median_ms:
            return health.budget_ms or float("inf")
        allowed_ms = max(_STALL_MS, 5 * self.limits.slower * self.old_median_ms)
        return min(allowed_ms, health.budget_ms or allowed_ms)
