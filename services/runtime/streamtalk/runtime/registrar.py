"""An instance's line to the registry: tells what it is every second, and on every change."""

from collections.abc import Callable
from typing import Any, Final

import zmq

from streamtalk.client.rundir import RunDir
from streamtalk.client.sockets import open_socket, send_parts, split_envelope
from streamtalk.proto.codec import decode, encode
from streamtalk.proto.directory import Deregister, Instance, Register, Registered
from streamtalk.proto.errors import MessageError

PERIOD_NS: Final = 1_000_000_000


class Registrar:
    """A DEALER that finds a restarted registry by itself. Receive thread."""

    def __init__(
        self,
        context: zmq.Context[Any],
        run_dir: RunDir,
        instance: str,
        describe: Callable[[], Instance],
        state: Callable[[], str],
    ) -> None:
        self._instance = instance
        self._describe = describe
        self._state = state
        self._due_ns = 0
        self._last_state = ""
        self.active = False
        self.socket = open_socket(context, zmq.DEALER, mark=16)
        self.socket.setsockopt(zmq.IDENTITY, instance.encode())
        self.socket.connect(run_dir.registry)

    def tick(self, now_ns: int) -> int:
        """Register when it is time or the state has changed; returns when it is time again."""
        state = self._state()
        if now_ns >= self._due_ns or state != self._last_state:
            self._last_state = state
            self._due_ns = now_ns + PERIOD_NS
            self._send(encode(Register(instance=self._describe())))
        return self._due_ns

    def receive(self, parts: list[bytes]) -> None:
        """Take the registry's answer; its pings need none."""
        found = split_envelope(parts)
        if found is None:
            return
        try:
            message = decode(found[1])
        except MessageError:
            return
        if isinstance(message, Registered) and message.active != self.active:
            self.active = message.active
            self._due_ns = 0

    def leave(self) -> None:
        """Say goodbye, so that callers look elsewhere at once."""
        self._send(encode(Deregister(instance=self._instance)))

    def close(self) -> None:
        """Close the socket, giving the goodbye 100 ms to leave."""
        self.socket.close(linger=100)

    def _send(self, header: bytes) -> None:
        try:
            send_parts(self.socket, b"", header)
        except zmq.Again:
            # The registry is away and the queue is full: it will hear the next one.
            return
