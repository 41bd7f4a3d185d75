"""Settings of the watchdog: the `[watchdog]` table of `streamtalk.toml`."""

from typing import Annotated

import msgspec

from streamtalk.runtime.config import ProcessConfig

Seconds = Annotated[float, msgspec.Meta(ge=1.0, le=86_400.0)]


class WatchdogConfig(ProcessConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[watchdog]` table."""

    silent_s: Seconds = 3.5
    """A process that has answered before and then no probe for this long is killed.

    With a round of probes a second and a look every quarter, that is within 4 s of its last sign.
    """

    start_s: Seconds = 30.0
    """A process may take this long until it first answers, and between answers while it loads."""

    failed_s: Seconds = 30.0
    """An instance whose work stays wrong for this long, and that does not recover, is killed."""

    crash_limit: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 3
    """More deaths of one slot than this in `crash_window_s`, and it is restarted slowly."""

    crash_window_s: Seconds = 60.0
    """How long a death counts, and how long a slow restart must hold to be trusted again."""

    retry_s: Seconds = 30.0
    """Pause between slow restarts, and between tries of a slot that supervisord has given up.

    An instance whose model does not load is tried anew after this time, then after twice as long,
    up to 16 times.
    """

    surplus_s: Seconds = 60.0
    """An instance that nobody uses, with no swap going on, is stopped after this time."""
