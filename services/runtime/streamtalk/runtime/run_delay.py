"""How long a thread has waited for a processor: time in which it could not have done its work.

The second number of `/proc/<pid>/task/<tid>/schedstat` (proc(5), Documentation/scheduler/
sched-stats.rst of Linux): nanoseconds spent on a run queue without running.
"""

from typing import Final

PATIENCE: Final = 3
"""At most so many budgets of a call are forgiven, so that one which never ends is still found."""


def run_delay_ns(thread_id: int) -> int:
    """The run delay so far of a thread of this process; 0 where the system does not tell."""
    try:
        # A `Path` would intern each part of this name, dozens of times a second: the table of
        # interned strings then grows by half a megabyte.
        with open(f"/proc/self/task/{thread_id}/schedstat", encoding="ascii") as file:  # noqa: PTH123
            return int(file.read().split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def working_ms(elapsed_ns: int, delay_ns: int, budget_ms: float) -> float:
    """What of `elapsed_ns` counts against the budget of a call, the wait for a processor not."""
    forgiven_ns = min(max(delay_ns, 0), int(PATIENCE * budget_ms * 1e6), elapsed_ns)
    return (elapsed_ns - forgiven_ns) / 1e6
