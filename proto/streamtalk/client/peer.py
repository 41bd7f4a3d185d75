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


class Connection:
    """A DEALER connected once, and the monitor that tells when nobody is there.

    Without `IMMEDIATE`: with it, libzmq 4.3.5 throws the last answers of a process that leaves away
    together with the connection.
    """

    def __init__(self, context: zmq.Context[Any], endpoint: str) -> None:
        """Connect; raises zmq.ZMQError where `endpoint` is none."""
        self.socket = open_socket(context, zmq.DEALER)
        self.monitor = self.socket.get_monitor_socket(LOST_EVENTS)
        self.monitor.setsockopt(zmq.LINGER, 0)
        try:
            self.socket.connect(endpoint)
        except zmq.ZMQError:
            self.close()
            raise

    def close(self) -> None:
        """Drop what was not sent."""
        self.socket.disable_monitor()
        self.monitor.close()
        self.socket.close()


class Peer(Closing):
    """Calls to one endpoint; use it in one thread, and as a context manager.

    After a loss it connects anew with the next call, and never sends a lost request again.
    """

    def __init__(self, context: zmq.Context[Any], endpoint: str) -> None:
        self.endpoint = endpoint
        self._context = context
        self._numbers = itertools.count(1)
        self._connection: Connection | None = Connection(context, endpoint)
        self._closed = False

    def close(self) -> None:
        """Close the socket for good; idempotent."""
        self._closed = True
        self._drop()

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
        connection = self._connected()
        if not connection.socket.poll(_left_ms(deadline_ns), zmq.POLLOUT):
            raise DeadlineError(f"{self.endpoint} takes no more calls")
        connection.socket.send_multipart(parts)
        while True:
            header, answer = self._receive(connection, number, deadline_ns)
            message = decode(header)
            if isinstance(message, Refusal):
                raise error_from_code(message.code, message.message)
            if not isinstance(message, expected):
                text = (
                    f"{self.endpoint} answered {type(message).__name__} to {type(request).__name__}"
                )
                raise MalformedError(text)
            return message, answer

    def _connected(self) -> Connection:
        """The connection, or a new one: where somebody has left, another may have come."""
        if self._closed:
            raise PeerLostError(f"the line to {self.endpoint} was closed here")
        if self._connection is not None and self._connection.monitor.poll(0):
            self._drop()
        if self._connection is None:
            self._connection = Connection(self._context, self.endpoint)
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _receive(
        self, connection: Connection, number: bytes, deadline_ns: int
    ) -> tuple[bytes, bytes]:
        while True:
            self._wait(connection, deadline_ns)
            while connection.socket.poll(0):
                found = split_envelope(connection.socket.recv_multipart())
                if found is not None and found[0][0] == number:
                    return found[1], found[2]

    def _wait(self, connection: Connection, deadline_ns: int) -> None:
        """Until something came; raises when the deadline passes or the instance disconnects."""
        poller = zmq.Poller()
        poller.register(connection.socket, zmq.POLLIN)
        poller.register(connection.monitor, zmq.POLLIN)
        found = dict(poller.poll(_left_ms(deadline_ns)))
        # An instance that leaves answers first: its last words may have come since the poll began.
        if connection.socket.poll(0):
            return
        if cast("Any", connection.monitor) in found:
            self._drop()
            raise PeerLostError(f"nobody answers at {self.endpoint}")
        raise DeadlineError(f"no answer from {self.endpoint} in time")


def _left_ms(deadline_ns: int) -> int:
    return max(0, math.ceil((deadline_ns - time.monotonic_ns()) / 1e6))
