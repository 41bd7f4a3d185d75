"""Deaths are counted, and what dies again and again is started slowly."""

import pytest

from streamtalk.runtime.supervision import ProcessState
from streamtalk.watchdog.account import Command, CrashLimits, Ledger

pytestmark = pytest.mark.unit

SECOND = 1_000_000_000
LIMITS = CrashLimits(deaths=5, window_ns=60 * SECOND, retry_ns=30 * SECOND)


class Scene:
    """A ledger, one slot that is meant to run, and a clock in seconds."""

    def __init__(self, *, meant: bool = True) -> None:
        self.ledger = Ledger(LIMITS)
        self.now_ns = 1_000 * SECOND
        self.meant = frozenset({"tts_0"} if meant else ())

    def see(self, state: str, pid: int = 0, *, after_s: float = 1.0) -> list[str]:
        """What is ordered when supervisord says so, `after_s` later."""
        self.now_ns += int(after_s * SECOND)
        process = ProcessState("tts_0", "tts", state, pid, "")
        return [order.action for order in self.ledger.see([process], self.meant, self.now_ns)]

    def die(self, times: int, *, every_s: float = 5.0, first_pid: int = 100) -> list[str]:
        """Let the process be replaced so often; returns what was ordered."""
        orders = self.see("RUNNING", first_pid)
        for pid in range(first_pid + 1, first_pid + 1 + times):
            orders += self.see("RUNNING", pid, after_s=every_s)
        return orders


def test_five_deaths_in_a_minute_are_left_to_supervisord() -> None:
    """The restart by supervisord is at once, which is best for a rare death."""
    scene = Scene()
    assert scene.die(5) == []
    assert scene.ledger.notes == ""


def test_sixth_death_in_a_minute_stops_the_slot() -> None:
    """A hot loop is broken, and the reason can be read."""
    scene = Scene()
    assert scene.die(6) == ["stop"]
    assert "tts_0 crashes again and again" in scene.ledger.notes


def test_rare_deaths_never_add_up() -> None:
    """Deaths older than the window are forgotten."""
    assert Scene().die(40, every_s=13.0) == []


def test_stopped_slot_is_started_slowly() -> None:
    """It comes back after 30 s, not before, and once."""
    scene = Scene()
    scene.die(6)
    assert [scene.see("STOPPED") for _ in range(29)] == [[]] * 29
    assert scene.see("STOPPED") == ["start"]
    assert scene.see("RUNNING", 200) == []


def test_slot_that_escapes_the_stop_is_stopped_again() -> None:
    """What has just died cannot be stopped, and runs again a moment later."""
    scene = Scene()
    scene.die(6)
    assert scene.see("EXITED") == []
    assert scene.see("RUNNING", 300) == ["stop"]


def test_death_after_a_slow_restart_holds_at_once() -> None:
    """Until it has lived for a minute, one more death is enough: at most five starts a minute."""
    scene = Scene()
    scene.die(6)
    scene.see("STOPPED", after_s=30)
    assert scene.see("RUNNING", 200) == []
    assert scene.see("RUNNING", 201, after_s=20) == ["stop"]
    assert scene.see("STOPPED", after_s=29) == []
    assert scene.see("STOPPED") == ["start"]


def test_slot_that_lives_again_is_trusted_again() -> None:
    """A minute without a death clears the account."""
    scene = Scene()
    scene.die(6)
    scene.see("STOPPED", after_s=30)
    scene.see("RUNNING", 200)
    assert scene.see("RUNNING", 200, after_s=61) == []
    assert scene.ledger.notes == ""
    assert scene.die(4, first_pid=201) == []


def test_failures_to_start_count_as_deaths() -> None:
    """A process that dies while starting leaves no process id behind."""
    scene = Scene()
    orders = []
    for pid in range(100, 106):
        orders += scene.see("STARTING", pid) + scene.see("BACKOFF")
    assert orders == ["stop"]


def test_life_between_two_looks_is_counted() -> None:
    """Of a process that began and ended unseen, supervisord still knows when it was started."""
    ledger = Ledger(CrashLimits(deaths=2, window_ns=60 * SECOND, retry_ns=30 * SECOND))
    rows = [("RUNNING", 7, 10), ("BACKOFF", 0, 11), ("BACKOFF", 0, 12)]
    orders = []
    for second, (state, pid, started_s) in enumerate(rows):
        process = ProcessState("tts_0", "tts", state, pid, "", started_s)
        orders.append(len(ledger.see([process], {"tts_0"}, second * SECOND)))
    assert orders == [0, 0, 1]


def test_stop_that_was_asked_for_is_no_death() -> None:
    """Restarts by a person do not slow the slot down."""
    scene = Scene()
    for pid in range(100, 120):
        assert scene.see("RUNNING", pid) == []
        assert scene.see("STOPPING", pid) == []
        assert scene.see("STOPPED") == []


@pytest.mark.parametrize("state, wait_s", [("FATAL", 30), ("STOPPED", 5), ("EXITED", 5)])
def test_slot_that_is_down_is_started(state: str, wait_s: int) -> None:
    """A slot that is meant to run does not stay down, whoever gave it up."""
    scene = Scene()
    assert [scene.see(state) for _ in range(wait_s)] == [[]] * wait_s
    assert scene.see(state) == ["start"]
    assert [scene.see(state) for _ in range(wait_s - 1)] == [[]] * (wait_s - 1)
    assert scene.see(state) == ["start"]


@pytest.mark.parametrize("state", ["FATAL", "STOPPED"])
def test_slot_that_is_not_meant_to_run_stays_down(state: str) -> None:
    """A spare slot is nobody's concern."""
    scene = Scene(meant=False)
    assert [scene.see(state) for _ in range(100)] == [[]] * 100


def test_held_slot_that_is_no_longer_wanted_stays_down() -> None:
    """When another slot has become active meanwhile, the slow restart is called off."""
    scene = Scene()
    scene.die(6)
    scene.meant = frozenset()
    assert [scene.see("STOPPED") for _ in range(100)] == [[]] * 100


def test_command_says_why() -> None:
    """The line in the log tells a person what happened."""
    ledger = Ledger(CrashLimits(deaths=1, window_ns=60 * SECOND, retry_ns=30 * SECOND))
    for step, pid in enumerate((1, 2, 3)):
        process = ProcessState("tts_0", "tts", "RUNNING", pid, "")
        commands = ledger.see([process], {"tts_0"}, step * SECOND)
    assert commands == [Command("stop", "tts_0", "deaths within 60 s: 2; next start in 30 s")]
