"""The rows beside the matrix, by the name that `--only` knows them by."""

from collections.abc import Callable
from functools import partial
from typing import Final

from streamtalk.cli.chaos import (
    consumer,
    crashes,
    disk,
    ending,
    flood,
    leftovers,
    llm_faults,
    sleep,
    swaps,
)
from streamtalk.cli.chaos.crowd import People
from streamtalk.cli.chaos.outcome import Check
from streamtalk.cli.chaos.scene import Scene

_SWAP_TURNS: Final = (8, 200)
_CONSUMER_S: Final = (8.0, 60.0)
_MESSAGES: Final = (5_000, 100_000)
_SLEEP_S: Final = (6.0, 30.0)
_LLM_SHORT: Final = ("down", "stall")
_FLOODED_SHORT: Final = ("tts", "orchestrator", "registry", "bus in", "bus out")
_CRASHES_S: Final = 60.0
_LONG_ONLY: Final = ("crash loop", "down", "leftovers")


def on_one_stack(seed: int, *, short: bool) -> dict[str, Callable[[Scene], Check]]:
    """Those that leave a stack as they found it, unless a promise is broken."""
    size = 0 if short else 1
    sockets = _FLOODED_SHORT if short else ()
    found: dict[str, Callable[[Scene], Check]] = {
        "swap": partial(swaps.check, turns=_SWAP_TURNS[size]),
        "slow consumer": partial(consumer.check, seconds=_CONSUMER_S[size]),
        "fuzz": partial(flood.check, seed=seed, messages=_MESSAGES[size], only=sockets),
        "sleep": partial(sleep.check, seconds=_SLEEP_S[size]),
        "second copy": leftovers.second_copy,
    }
    return {name: check for name, check in found.items() if not (short and name in _LONG_ONLY)}


def alone(sessions: int, seed: int, *, short: bool) -> dict[str, Callable[[], Check]]:
    """Those that need a stack of their own kind, or end it."""
    faults = _LLM_SHORT if short else llm_faults.FAULTS
    found: dict[str, Callable[[], Check]] = {
        "full disk": partial(disk.check, sessions, seed),
        "llm": partial(llm_faults.check, sessions, seed, faults),
        "clock": _clock,
        "crash loop": partial(_crash_loop, sessions, seed),
        "leftovers": leftovers.stale_files,
        "down": partial(ending.leave, sessions, seed, by_signal=False),
        "sigterm": partial(ending.leave, sessions, seed, by_signal=True),
        "kill supervisord": partial(ending.kill_supervisord, sessions, seed),
    }
    return {name: check for name, check in found.items() if not (short and name in _LONG_ONLY)}


def _crash_loop(sessions: int, seed: int) -> Check:
    with Scene(People(sessions, seed), patient=False) as scene:
        return crashes.check(scene, _CRASHES_S)


def _clock() -> Check:
    return Check(
        check="clock",
        asked="the wall clock jumps by an hour: nothing happens",
        skipped="the clock of this machine is left alone; nothing reads it: `time.time` is banned "
        "by lint, and `sleep` shows a jump of every monotonic deadline",
    )
