"""Calls to the model services: whoever is ready, elsewhere when one fails, never for ever."""

import heapq
import itertools
import time
from collections.abc import Callable
from typing import Any, Final

from streamtalk.client.caller import Caller
from streamtalk.client.directory import Addresses
from streamtalk.proto.errors import NotReadyError, StreamTalkError
from streamtalk.proto.message import Request

_SEARCH_NS: Final = 20_000_000
"""How often to look again for an instance while none is ready."""

Failed = Callable[[StreamTalkError], None]


class Timers:
    """Functions to run later, on the thread that calls `tick`."""

    def __init__(self, wake_at: Callable[[int], None]) -> None:
        self._wake_at = wake_at
        self._order = itertools.count()
        self._entries: list[tuple[int, int, Callable[[], None]]] = []

    def after(self, delay_ns: int, function: Callable[[], None]) -> None:
        """Run `function` once, `delay_ns` from now."""
        due_ns = time.monotonic_ns() + delay_ns
        heapq.heappush(self._entries, (due_ns, next(self._order), function))
        self._wake_at(due_ns)

    def tick(self, now_ns: int) -> int | None:
        """Run what is due; returns when the next is."""
        while self._entries and self._entries[0][0] <= now_ns:
            heapq.heappop(self._entries)[2]()
        return self._entries[0][0] if self._entries else None


class ServiceCalls:
    """Finds an instance for each call, and another one when it fails in a way that may pass."""

    def __init__(self, caller: Caller, addresses: Addresses, timers: Timers) -> None:
        self._caller = caller
        self._addresses = addresses
        self._timers = timers

    def engine(self, service: str) -> str:
        """Name of the engine that would be called now; empty when none is ready."""
        found = self._addresses.instances(service)
        return found[0].engine if found else ""

    def once(
        self,
        service: str,
        request: Request,
        deadline_s: float,
        done: Callable[[Any], None],
        failed: Failed,
        prefer: str = "",
    ) -> str:
        """One attempt; returns the endpoint that was asked, or "" when none is ready."""
        usable = prefer and any(i.endpoint == prefer for i in self._addresses.instances(service))
        endpoint = prefer if usable else self._addresses.find(service)
        if endpoint is None:
            failed(NotReadyError(f"no {service} is ready"))
            return ""

        def lost(error: StreamTalkError) -> None:
            if error.retryable:
                self._addresses.doubt(endpoint)
            failed(error)

        self._caller.call(endpoint, request, deadline_s, done, lost)
        return endpoint

    def until(
        self,
        service: str,
        request: Request,
        attempt_s: float,
        patience_s: float,
        done: Callable[[Any], None],
        failed: Failed,
    ) -> None:
        """Repeat pure work until it succeeds, is refused for good, or patience ends."""
        give_up_ns = time.monotonic_ns() + int(patience_s * 1e9)

        def again(error: StreamTalkError) -> None:
            if not error.retryable or time.monotonic_ns() >= give_up_ns:
                failed(error)
            else:
                self._timers.after(_SEARCH_NS, attempt)

        def attempt() -> None:
            self.once(service, request, attempt_s, done, again)

        attempt()
