"""How often each slot dies, and when it is started again; no I/O, no clock.

supervisord restarts what has lived for a second for ever and at once, and gives up what has not.
"""

from collections import deque
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final, Literal

from streamtalk.runtime.supervision import ProcessState

STOPPED_NS: Final = 5_000_000_000
"""A slot that is meant to run may be stopped for this long, as by a person who restarts it."""

_DOWN: Final = ("STOPPED", "EXITED", "FATAL")
_ASKED_FOR: Final = ("STOPPED", "STOPPING")


@dataclass(frozen=True)
class CrashLimits:
    """When to slow down."""

    deaths: int
    window_ns: int
    retry_ns: int


@dataclass(frozen=True)
class Command:
    """What supervisord, or for `activate` the registry, should do with a slot, and why."""

    action: Literal["start", "stop", "activate"]
    slot: str
    why: str


@dataclass
class CrashAccount:
    """The account of one slot."""

    slot: str
    limits: CrashLimits
    _pid: int = 0
    _started_s: int = 0
    _deaths: deque[int] = field(default_factory=deque)
    _held_until_ns: int | None = None
    _trusted_at_ns: int | None = None
    """While set, one more death holds the slot again."""

    _down_since_ns: int | None = None

    @property
    def note(self) -> str:
        """For a person, while something is wrong; else empty."""
        if self._held_until_ns is not None or self._trusted_at_ns is not None:
            return f"{self.slot} crashes again and again and is restarted slowly"
        return ""

    def see(self, process: ProcessState, *, meant: bool, now_ns: int) -> Command | None:
        """Take what supervisord says of the slot; `meant`: whether it should run."""
        died = self._count(process, now_ns)
        if self._held_until_ns is not None:
            return self._hold(process, meant=meant, now_ns=now_ns)
        if len(self._deaths) > self.limits.deaths or (died and self._trusted_at_ns is not None):
            return self._slow_down(now_ns)
        return self._revive(process, meant=meant, now_ns=now_ns)

    def _count(self, process: ProcessState, now_ns: int) -> bool:
        deaths = 0 if process.state in _ASKED_FOR else self._deaths_until(process)
        died = deaths > 0
        self._pid, self._started_s = process.pid, process.started_s
        self._deaths.extend([now_ns] * deaths)
        while self._deaths and self._deaths[0] <= now_ns - self.limits.window_ns:
            self._deaths.popleft()
        if not died and self._trusted_at_ns is not None and now_ns >= self._trusted_at_ns:
            self._trusted_at_ns = None
        return died

    def _deaths_until(self, process: ProcessState) -> int:
        """Since the last look; a life that began and ended in between left only its start."""
        replaced = self._pid not in (0, process.pid)
        missed = process.pid == 0 and self._started_s not in (0, process.started_s)
        return replaced + missed

    def _slow_down(self, now_ns: int) -> Command:
        self._trusted_at_ns = None
        self._held_until_ns = now_ns + self.limits.retry_ns
        window_s, retry_s = self.limits.window_ns // 10**9, self.limits.retry_ns // 10**9
        why = f"deaths within {window_s} s: {len(self._deaths)}; next start in {retry_s} s"
        return Command("stop", self.slot, why)

    def _hold(self, process: ProcessState, *, meant: bool, now_ns: int) -> Command | None:
        if self._held_until_ns is not None and now_ns < self._held_until_ns:
            # supervisord refuses to stop what it is just about to restart.
            return Command("stop", self.slot, "held") if process.wanted else None
        self._held_until_ns = None
        self._deaths.clear()
        self._trusted_at_ns = now_ns + self.limits.window_ns
        return Command("start", self.slot, "slow restart") if meant else None

    def _revive(self, process: ProcessState, *, meant: bool, now_ns: int) -> Command | None:
        if not meant or process.state not in _DOWN:
            self._down_since_ns = None
            return None
        if self._down_since_ns is None:
            self._down_since_ns = now_ns
        fatal = process.state == "FATAL"
        if now_ns - self._down_since_ns < (self.limits.retry_ns if fatal else STOPPED_NS):
            return None
        self._down_since_ns = now_ns
        why = "supervisord has given it up" if fatal else "it is meant to run"
        return Command("start", self.slot, why)


class Ledger:
    """The accounts of all slots."""

    def __init__(self, limits: CrashLimits) -> None:
        self._limits = limits
        self._accounts: dict[str, CrashAccount] = {}

    def see(
        self, processes: Iterable[ProcessState], meant: AbstractSet[str], now_ns: int
    ) -> list[Command]:
        """Take what supervisord says of every slot; returns what it should do."""
        commands = [
            self._account(process.slot).see(process, meant=process.slot in meant, now_ns=now_ns)
            for process in processes
        ]
        return [command for command in commands if command is not None]

    @property
    def notes(self) -> str:
        """What is wrong, for a person."""
        return "; ".join(filter(None, (account.note for account in self._accounts.values())))

    def _account(self, slot: str) -> CrashAccount:
        return self._accounts.setdefault(slot, CrashAccount(slot, self._limits))
