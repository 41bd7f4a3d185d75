"""A blocking caller of one instance: a deadline on every call, and its death seen at once.

The socket's own monitor reports the disconnection of the instance, which fails the call without
waiting for the registry or for the deadline.
"""

import itertools
import math
import time
from typing import Any, TypeVar, cast

import zmq

from streamtalk.client.closing import Closing
from streamtalk.client.sockets import open_socket, split_envelope
from streamtalk.proto.codec import decode, encode
from streamtalk.proto.errors import DeadlineError, MalformedError, PeerLostError, error_from_code
from streamtalk.proto.message import Refusal, Reply, Request

R = TypeVar("R", bound=Reply)
LOST_EVENTS = zmq.EVENT_DISCONNECTED | zmq.EVENT_CONNECT_RETRIED
"""Monitor events that mean: the instance is not there (any more)."""


class Peer(Closing):
    """A DEALER to one endpoint; use it in one thread, and as a context manager."""

    def __init__(self, context: zmq.Context[Any], endpoint: str) -> None:
        self.endpoint = endpoint
        self._numbers = itertools.count(1)
        self._socket = open_socket(context, zmq.DEALER)
        self._socket.setsockopt(zmq.IMMEDIATE, 1)
        self._monitor = self._socket.get_monitor_socket(LOST_EVENTS)
        self._monitor.setsockopt(zmq.LINGER, 0)
        self._socket.connect(endpoint)

    def close(self) -> None:
        """Close the socket; idempotent."""
        if not self._socket.closed:
            self._socket.disable_monitor()
            self._monitor.close()
            self._socket.close()

    def call(
        self, request: Request, expected: type[R], deadline_s: float, payload: bytes = b""
    ) -> R:
        """Send a request and return its reply; `call_full` also returns the reply's payload."""
        return self.call_full(request, expected, deadline_s, payload)[0]

    def call_full(
        self, request: Request, expected: type[R], deadline_s: float, payload: bytes = b""
    ) -> tuple[R, bytes]:
        """Send a request and wait for its reply.

        Raises DeadlineError, PeerLostError, or the error that the instance refused with.
        """
        number = next(self._numbers).to_bytes(8, "big")
        deadline_ns = time.monotonic_ns() + int(deadline_s * 1e9)
        parts = [number, b"", encode(request), *([payload] if payload else [])]
        self._send(parts, deadline_ns)
        while True:
            header, answer = self._receive(number, deadline_ns)
            message = decode(header)
            if isinstance(message, Refusal):
                raise error_from_code(message.code, message.message)
            if not isinstance(message, expected):
                text = (
                    f"{self.endpoint} answered {type(message).__name__} to {type(request).__name__}"
                )
                raise MalformedError(text)
            return message, answer

    def _send(self, parts: list[bytes], deadline_ns: int) -> None:
        while self._socket.poll(0, zmq.POLLOUT) == 0:
            self._wait(self._socket, zmq.POLLOUT, deadline_ns)
        self._drain_monitor()
        self._socket.send_multipart(parts)

    def _receive(self, number: bytes, deadline_ns: int) -> tuple[bytes, bytes]:
        while True:
            self._wait(self._socket, zmq.POLLIN, deadline_ns)
            while self._socket.poll(0):
                found = split_envelope(self._socket.recv_multipart())
                if found is not None and found[0][0] == number:
                    return found[1], found[2]

    def _drain_monitor(self) -> None:
        while self._monitor.poll(0):
            self._monitor.recv_multipart()

    def _wait(self, socket: zmq.Socket[bytes], event: int, deadline_ns: int) -> None:
        """Until `event`; raises when the deadline passes or the instance disconnects."""
        poller = zmq.Poller()
        poller.register(socket, event)
        poller.register(self._monitor, zmq.POLLIN)
        left_ms = (deadline_ns - time.monotonic_ns()) / 1e6
        found = dict(poller.poll(max(0, math.ceil(left_ms))))
        if cast("Any", socket) in found:
            return
        if cast("Any", self._monitor) in found:
            self._drain_monitor()
            message = f"nobody answers at {self.endpoint}"
            raise PeerLostError(message)
        message = f"no answer from {self.endpoint} in time"
        raise DeadlineError(message)
