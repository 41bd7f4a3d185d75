"""Which sessions somebody records at the moment."""

from collections.abc import Iterable

from streamtalk.orchestrator.traced_conversation import TracedConversation
from streamtalk.proto.trace import Trace


class Traces:
    """Leases by session; "" stands for all. Times are monotonic nanoseconds."""

    def __init__(self) -> None:
        self._until_ns: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self._until_ns)

    def renew(self, request: Trace, now_ns: int) -> None:
        """Somebody records, for so long from now; 0: no longer."""
        self._until_ns[request.session] = now_ns + request.lease_ms * 1_000_000

    def apply(self, conversations: Iterable[TracedConversation], now_ns: int) -> None:
        """Tell each conversation whether it is recorded; forget leases that ran out."""
        wanted = {name for name, until_ns in self._until_ns.items() if until_ns > now_ns}
        for conversation in conversations:
            is_wanted = "" in wanted or conversation.request.session in wanted
            if is_wanted != conversation.tape.wanted:
                conversation.tape.want(wanted=is_wanted)
        self._until_ns = {name: self._until_ns[name] for name in wanted}
