"""The ROUTER of a service: accepts calls, checks them, and sends exactly one answer to each."""

import logging
import time
from collections.abc import Callable
from typing import Any, Final

import zmq

from streamtalk.client.sockets import open_socket, send_parts, split_envelope
from streamtalk.proto.codec import decode_request, encode, refusal
from streamtalk.proto.errors import EngineError, MessageError, StreamTalkError
from streamtalk.proto.message import Reply, Request
from streamtalk.runtime.metrics import ServiceMetrics


class Call:
    """The way back to one caller. Receive thread; answer exactly once."""

    __slots__ = ("_envelope", "_name", "_responder", "_started_ns")

    def __init__(self, responder: "Responder", envelope: list[bytes], name: str) -> None:
        self._responder = responder
        self._envelope: list[bytes] | None = envelope
        self._name = name
        self._started_ns = time.monotonic_ns()

    def reply(self, message: Reply, payload: bytes = b"") -> None:
        """Answer the call; a second answer is ignored."""
        envelope, self._envelope = self._envelope, None
        if envelope is not None:
            elapsed_ms = (time.monotonic_ns() - self._started_ns) / 1e6
            self._responder.send(envelope, self._name, elapsed_ms, message, payload)

    def refuse(self, error: StreamTalkError) -> None:
        """Answer that it was not done, and why."""
        self._responder.metrics.failures.add(error.code)
        self.reply(refusal(error))


_LAST_MS: Final = 100
"""How long the answers that were just given may take to leave a socket that is closed."""

Handler = Callable[[Request, bytes, Call], None]


class Responder:
    """One bound ROUTER; malformed input is counted and dropped, and never ends it."""

    def __init__(
        self,
        context: zmq.Context[Any],
        endpoint: str,
        handler: Handler,
        log: logging.Logger,
        metrics: ServiceMetrics,
    ) -> None:
        self.metrics = metrics
        self._handler = handler
        self._log = log
        self.socket = open_socket(context, zmq.ROUTER)
        self.socket.bind(endpoint)

    def receive(self, parts: list[bytes]) -> None:
        """Take one message from the socket and hand it to the handler."""
        found = split_envelope(parts)
        if found is None:
            self.drop("malformed")
            return
        envelope, header, payload = found
        try:
            request = decode_request(header)
        except MessageError as error:
            self.drop(error.code)
            Call(self, envelope, "unreadable").reply(refusal(error))
            return
        call = Call(self, envelope, type(request).__name__)
        try:
            self._handler(request, payload, call)
        except StreamTalkError as error:
            call.refuse(error)
        except Exception as error:  # noqa: BLE001 — one call must not end the service
            self._log.exception("call failed")
            call.refuse(EngineError(f"{type(request).__name__} failed: {type(error).__name__}"))

    def drop(self, code: str) -> None:
        """Count a message that was not accepted, and say so at most once a second."""
        self.metrics.dropped.add(code)
        self._log.warning("message not accepted", extra={"limited": True, "fields": {"code": code}})

    def send(
        self, envelope: list[bytes], name: str, elapsed_ms: float, message: Reply, payload: bytes
    ) -> None:
        """Send an answer; a caller that does not read loses it, and nobody waits."""
        self.metrics.calls_ms.observe(name, elapsed_ms)
        parts = [*envelope, encode(message), *([payload] if payload else [])]
        try:
            send_parts(self.socket, *parts)
        except zmq.ZMQError:
            self.metrics.dropped.add("unreachable")

    def close(self) -> None:
        """Close the socket, once the last answers have left."""
        self.socket.close(linger=_LAST_MS)
