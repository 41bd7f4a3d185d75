"""Calls to the model services: whoever is ready, elsewhere when one fails, never for ever."""

import heapq
import itertools
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final, Protocol

from streamtalk.client.caller import Caller
from streamtalk.client.directory import Addresses
from streamtalk.proto.errors import EngineError, NotReadyError, StreamTalkError
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
        """One attempt; returns the endpoint that was asked, or "" when none is ready.

        `prefer`: an endpoint that is asked for as long as somebody serves there.
        """
        usable = prefer and self._addresses.serves(prefer)
        endpoint = prefer if usable else self._addresses.find(service)
        if endpoint is None:
            failed(NotReadyError(f"no {service} is ready"))
            return ""
        self.ask(endpoint, request, deadline_s, done, failed)
        return endpoint

    def until(
        self,
        service: str,
        request: Request,
        patience: "Patience",
        done: Callable[[Any], None],
        failed: Failed,
        chain: "Chain | None" = None,
    ) -> None:
        """Repeat pure work until it succeeds, is refused for good, or patience ends.

        `chain`: told how each instance did; where one errs, the others are asked as well.
        """
        _Pursuit(self, service, request, patience, done, failed, chain).begin()

    def other(self, service: str, endpoints: Collection[str]) -> str | None:
        """An instance that could be asked besides those at `endpoints`."""
        return self._addresses.find(service, endpoints)

    def is_there(self, service: str, besides: Collection[str]) -> bool:
        """Whether another instance is ready besides these, be it one to be avoided for now."""
        return any(i.endpoint not in besides for i in self._addresses.instances(service))

    def suspect(self, endpoint: str) -> None:
        """What is done there is late: others are asked first for a while."""
        self._addresses.suspect(endpoint)

    def later(self, delay_ns: int, function: Callable[[], None]) -> None:
        """Run `function` after that time."""
        self._timers.after(delay_ns, function)

    def ask(
        self,
        endpoint: str,
        request: Request,
        deadline_s: float,
        done: Callable[[Any], None],
        failed: Failed,
    ) -> None:
        """Call one instance; a failure that may pass makes it doubtful for a moment."""

        def lost(error: StreamTalkError) -> None:
            if error.retryable:
                self._addresses.doubt(endpoint)
            failed(error)

        self._caller.call(endpoint, request, deadline_s, done, lost)


@dataclass(frozen=True)
class Patience:
    """How long pure work is waited for."""

    budget_s: float
    """After this time another instance is asked as well, where there is one."""

    attempt_s: float
    """Deadline of one call."""

    whole_s: float
    """When to give up, all attempts together."""


class Chain(Protocol):
    """Keeps account of the instances of a stage."""

    def succeeded(self, endpoint: str) -> None:
        """Its result came in time."""

    def erred(self, endpoint: str, error: StreamTalkError) -> None:
        """It gave an error."""

    def late(self, endpoint: str) -> None:
        """Its result is late."""


class _Pursuit:
    """One piece of pure work, asked of one instance after another; the first result counts."""

    def __init__(
        self,
        calls: ServiceCalls,
        service: str,
        request: Request,
        patience: Patience,
        done: Callable[[Any], None],
        failed: Failed,
        chain: Chain | None,
    ) -> None:
        self._calls = calls
        self._service = service
        self._request = request
        self._patience = patience
        self._done = done
        self._failed = failed
        self._chain = chain
        self._asked: list[str] = []
        """Endpoints that have not answered yet."""

        self._late: set[str] = set()
        self._erred: list[str] = []
        """Endpoints whose engine failed at this work, as often as it did."""

        self._over = False
        self._give_up_ns = time.monotonic_ns() + int(patience.whole_s * 1e9)

    def begin(self) -> None:
        """Ask whoever is ready."""
        if self._over or self._asked:
            return
        endpoint = self._calls.other(self._service, self._erred)
        if endpoint is None and not self._are_others():
            endpoint = self._calls.other(self._service, ())
        if endpoint is None:
            self._again(NotReadyError(f"no {self._service} is ready"))
        else:
            self._ask(endpoint)

    def _ask(self, endpoint: str) -> None:
        self._asked.append(endpoint)
        self._calls.later(int(self._patience.budget_s * 1e9), lambda: self._hasten(endpoint))

        def done(result: Any) -> None:  # noqa: ANN401 — the reply to whatever was asked
            """The first one counts."""
            if self._chain is not None and endpoint not in self._late:
                self._chain.succeeded(endpoint)
            self._finish(result)

        def failed(error: StreamTalkError) -> None:
            """Whoever else is at work may still answer."""
            self._asked.remove(endpoint)
            if self._chain is not None:
                self._chain.erred(endpoint, error)
            if isinstance(error, EngineError):
                self._erred.append(endpoint)
            if not self._asked:
                self._next(error)

        self._calls.ask(endpoint, self._request, self._patience.attempt_s, done, failed)

    def _hasten(self, late: str) -> None:
        """The budget has passed: somebody else is asked too, and by others from now on."""
        other = self._calls.other(self._service, {*self._asked, *self._erred})
        if self._over or late not in self._asked or other is None:
            return
        self._late.add(late)
        if self._chain is None:
            self._calls.suspect(late)
        else:
            self._chain.late(late)
        self._ask(other)

    def _finish(self, result: Any) -> None:  # noqa: ANN401 — as above
        if not self._over:
            self._over = True
            self._done(result)

    def _next(self, error: StreamTalkError) -> None:
        """An engine that failed is not asked again while another one of the chain is there."""
        is_engine = self._chain is not None and isinstance(error, EngineError)
        other = self._calls.other(self._service, self._erred) if is_engine else None
        if self._over or other is None:
            self._again(error)
        else:
            self._ask(other)

    def _are_others(self) -> bool:
        """Whether an engine that did not fail at this work is there, be it one in doubt."""
        return self._chain is not None and self._calls.is_there(self._service, self._erred)

    def _again(self, error: StreamTalkError) -> None:
        if self._over:
            return
        is_engine = isinstance(error, EngineError)
        again = error.retryable and len(self._erred) == len(set(self._erred))
        goes_on = again or (is_engine and self._are_others())
        if not goes_on or time.monotonic_ns() >= self._give_up_ns:
            self._over = True
            self._failed(error)
        else:
            self._calls.later(_SEARCH_NS, self.begin)
