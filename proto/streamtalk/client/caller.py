"""Calls with callbacks, for programs built on a poller: many in flight, none without a deadline."""

import heapq
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, cast

import zmq

from streamtalk.client.peer import Connection
from streamtalk.client.sockets import send_parts, split_envelope
from streamtalk.proto.codec import decode, encode
from streamtalk.proto.errors import (
    DeadlineError,
    MalformedError,
    MessageError,
    PeerLostError,
    StreamTalkError,
    error_from_code,
)
from streamtalk.proto.message import Refusal, Reply, Request


class Loop(Protocol):
    """The part of a poller loop that a caller needs; `runtime.reactor.Reactor` has it."""

    def add(self, socket: zmq.Socket[bytes], handler: Callable[[list[bytes]], None]) -> None:
        """Call `handler` with each message that arrives on `socket`."""

    def remove(self, socket: zmq.Socket[bytes]) -> None:
        """No longer listen to `socket`."""

    def wake_at(self, due_ns: int) -> None:
        """Run the owner's tick no later than then."""


@dataclass(frozen=True)
class Pending:
    """One call in flight."""

    endpoint: str
    request: Request
    done: Callable[[Reply], None]
    failed: Callable[[StreamTalkError], None]


class Line:
    """The connection to one endpoint, served by a loop."""

    def __init__(
        self,
        context: zmq.Context[Any],
        endpoint: str,
        loop: Loop,
        receive: Callable[[list[bytes]], None],
        lost: Callable[[str], None],
    ) -> None:
        self._loop = loop
        self._connection = Connection(context, endpoint)
        self.socket = self._connection.socket

        def leave(_: list[bytes]) -> None:
            """Nobody is there now; who was may have answered before, which waits beside this."""
            while not self.socket.closed and self.socket.poll(0):
                receive(self.socket.recv_multipart())
            lost(endpoint)

        loop.add(self.socket, receive)
        loop.add(self._connection.monitor, leave)

    def close(self) -> None:
        """Stop listening and close."""
        self._loop.remove(self.socket)
        self._loop.remove(self._connection.monitor)
        self._connection.close()


class Caller:
    """Sends requests to any endpoint; every call ends in `done` or `failed`, exactly once.

    One thread; its owner calls `tick` when the loop's timer runs.
    """

    def __init__(self, context: zmq.Context[Any], loop: Loop) -> None:
        self._context = context
        self._loop = loop
        self.on_lost: Callable[[str], None] = lambda _: None
        """Told the endpoint of every instance that disconnects, after its calls have failed."""

        self._lines: dict[str, Line] = {}
        self._numbers = itertools.count(1)
        self._pending: dict[bytes, Pending] = {}
        self._deadlines: list[tuple[int, bytes]] = []

    def call(
        self,
        endpoint: str,
        request: Request,
        deadline_s: float,
        done: Callable[[Any], None],
        failed: Callable[[StreamTalkError], None],
    ) -> None:
        """Send `request`; later exactly one of `done(reply)` and `failed(error)` is called."""
        number = next(self._numbers).to_bytes(8, "big")
        due_ns = time.monotonic_ns() + int(deadline_s * 1e9)
        self._pending[number] = Pending(endpoint, request, done, failed)
        heapq.heappush(self._deadlines, (due_ns, number))
        self._loop.wake_at(due_ns)
        try:
            send_parts(self._line(endpoint).socket, number, b"", encode(request))
        except zmq.ZMQError:
            self._fail(number, PeerLostError(f"nobody answers at {endpoint}"))

    def pending_at(self, endpoint: str) -> int:
        """Calls in flight to an endpoint."""
        return sum(pending.endpoint == endpoint for pending in self._pending.values())

    def tick(self, now_ns: int) -> int | None:
        """Fail what is past its deadline; returns the next deadline, if any."""
        while self._deadlines and self._deadlines[0][0] <= now_ns:
            number = heapq.heappop(self._deadlines)[1]
            if number in self._pending:
                self._fail(
                    number, DeadlineError(f"no answer from {self._pending[number].endpoint}")
                )
        while self._deadlines and self._deadlines[0][1] not in self._pending:
            heapq.heappop(self._deadlines)
        return self._deadlines[0][0] if self._deadlines else None

    def lose(self, endpoint: str) -> None:
        """Nobody is at `endpoint` any more: fail its calls and close the line."""
        line = self._lines.pop(endpoint, None)
        if line is not None:
            line.close()
        for number, pending in list(self._pending.items()):
            if pending.endpoint == endpoint:
                self._fail(number, PeerLostError(f"nobody answers at {endpoint}"))
        self.on_lost(endpoint)

    def forget(self, endpoints: set[str]) -> None:
        """Close the lines to all endpoints but these, once their calls have ended."""
        busy = {pending.endpoint for pending in self._pending.values()}
        for endpoint in set(self._lines) - endpoints - busy:
            self._lines.pop(endpoint).close()

    def close(self) -> None:
        """Close every line; what is pending is dropped without a word."""
        self._pending.clear()
        while self._lines:
            self._lines.popitem()[1].close()

    def _line(self, endpoint: str) -> Line:
        line = self._lines.get(endpoint)
        if line is None:
            line = Line(self._context, endpoint, self._loop, self._receive, self.lose)
            self._lines[endpoint] = line
        return line

    def _fail(self, number: bytes, error: StreamTalkError) -> None:
        pending = self._pending.pop(number, None)
        if pending is not None:
            pending.failed(error)

    def _receive(self, parts: list[bytes]) -> None:
        found = split_envelope(parts)
        if found is None or found[0][0] not in self._pending:
            return
        number = found[0][0]
        try:
            message = decode(found[1])
        except MessageError as error:
            self._fail(number, error)
            return
        if isinstance(message, Refusal):
            self._fail(number, error_from_code(message.code, message.message))
        elif str(message.__struct_config__.tag) in self._pending[number].request.replies:
            self._pending.pop(number).done(cast("Reply", message))
        else:
            asked = type(self._pending[number].request).__name__
            self._fail(number, MalformedError(f"answered {type(message).__name__} to {asked}"))
