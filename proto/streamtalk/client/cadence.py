"""How often a whole state is repeated; pure."""

from typing import Final

from streamtalk.proto.state import STATE_LINGER_MS, STATE_PERIOD_MS, STATE_REST_MS

_PERIOD_NS: Final = STATE_PERIOD_MS * 1_000_000
_LINGER_NS: Final = STATE_LINGER_MS * 1_000_000
_REST_NS: Final = STATE_REST_MS * 1_000_000


class Cadence:
    """Often while something happens and for a while after it: a lost change is made good."""

    def __init__(self, now_ns: int) -> None:
        self._busy_ns = now_ns

    def next_ns(self, now_ns: int, *, at_rest: bool) -> int:
        """When a state that is published now has to be repeated, if it does not change."""
        if not at_rest:
            self._busy_ns = now_ns
        lingers = now_ns - self._busy_ns < _LINGER_NS
        return now_ns + (_PERIOD_NS if lingers else _REST_NS)
