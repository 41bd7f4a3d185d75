"""The rows beside the matrix, by the name that `--only` knows them by."""

from collections.abc import Callable, Iterator
from functools import partial

from streamtalk.cli.chaos import consumer, disk, ending, flood, leftovers, llm_faults, sleep, swaps
from streamtalk.cli.chaos.outcome import Check

_SWAP_TURNS = (12, 200)
_CONSUMER_S = (10.0, 60.0)
_MESSAGES = (5_000, 100_000)
_SLEEP_S = (8.0, 30.0)
_LLM_SHORT = ("down", "stall")
_FLOODED_SHORT = ("tts", "orchestrator", "registry", "bus in")


def all_of_them(
    sessions: int, seed: int, *, short: bool
) -> Iterator[tuple[str, Callable[[], Check]]]:
    """Name and what to call."""
    size = 0 if short else 1
    yield "swap", partial(swaps.check, sessions, seed, _SWAP_TURNS[size])
    yield "slow consumer", partial(consumer.check, sessions, seed, _CONSUMER_S[size])
    yield "full disk", partial(disk.check, sessions, seed)
    faults = _LLM_SHORT if short else llm_faults.FAULTS
    yield "llm", partial(llm_faults.check, sessions, seed, faults)
    sockets = _FLOODED_SHORT if short else ()
    yield "fuzz", partial(flood.check, sessions, seed, _MESSAGES[size], sockets)
    yield "sleep", partial(sleep.check, sessions, seed, _SLEEP_S[size])
    yield "clock", _clock
    yield "second copy", partial(leftovers.second_copy, sessions, seed)
    yield "leftovers", partial(leftovers.stale_files, seed)
    yield "down", partial(ending.leave, sessions, seed, by_signal=False)
    yield "sigterm", partial(ending.leave, sessions, seed, by_signal=True)
    yield "kill supervisord", partial(ending.kill_supervisord, sessions, seed)


def _clock() -> Check:
    return Check(
        check="clock",
        asked="the wall clock jumps by an hour: nothing happens",
        skipped="the clock of this machine is left alone; nothing reads it: `time.time` is banned "
        "by lint, and `sleep` shows a jump of every monotonic deadline",
    )
