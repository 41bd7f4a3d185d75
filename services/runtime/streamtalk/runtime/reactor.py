"""The receive thread's loop: sockets, posted functions and one timer, in one poller."""

import math
import time
from collections.abc import Callable
from typing import Any, Final

import zmq

from streamtalk.client.sockets import receive_parts
from streamtalk.runtime.mailbox import Mailbox

_IDLE_MS: Final = 500


class Reactor:
    """Calls a handler per ready socket until `stop`. All of it on one thread, except `post`."""

    def __init__(self) -> None:
        self.mailbox = Mailbox()
        self._poller = zmq.Poller()
        self._poller.register(self.mailbox.fileno(), zmq.POLLIN)
        self._sockets: dict[int, tuple[zmq.Socket[bytes], Callable[[list[bytes]], None]]] = {}
        self._running = True
        self._due_ns = 0

    def add(self, socket: zmq.Socket[bytes], handler: Callable[[list[bytes]], None]) -> None:
        """Call `handler` with each message that arrives on `socket`."""
        self._poller.register(socket, zmq.POLLIN)
        self._sockets[id(socket)] = (socket, handler)

    def remove(self, socket: zmq.Socket[bytes]) -> None:
        """No longer listen to `socket`."""
        self._poller.unregister(socket)
        self._sockets.pop(id(socket), None)

    def post(self, function: Callable[[], None]) -> None:
        """Run `function` on the loop's thread. Any thread, and signal handlers."""
        self.mailbox.post(function)

    def wake_at(self, due_ns: int) -> None:
        """Call the tick no later than `due_ns` (monotonic)."""
        self._due_ns = min(self._due_ns, due_ns) if self._due_ns else due_ns

    def stop(self) -> None:
        """End `run` after the current round."""
        self._running = False

    def run(self, tick: Callable[[int], int]) -> None:
        """Loop until stopped; `tick(now_ns)` runs at once, then whenever it said."""
        self._due_ns = 0
        while self._running:
            now_ns = time.monotonic_ns()
            if now_ns >= self._due_ns:
                self._due_ns = 0
                self._due_ns = min(filter(None, (tick(now_ns), self._due_ns)))
            wait_ms = (self._due_ns - time.monotonic_ns()) / 1e6
            for ready, _ in self._poller.poll(min(_IDLE_MS, max(0, math.ceil(wait_ms)))):
                self._serve(ready)
        # What was finished in the last round still has to be answered.
        self.mailbox.run()

    def _serve(self, ready: Any) -> None:  # noqa: ANN401 — a socket or a descriptor, as pyzmq gives it
        if isinstance(ready, int):
            self.mailbox.run()
            return
        entry = self._sockets.get(id(ready))
        if entry is None:
            return
        socket, handler = entry
        # One message each round: to poll again costs no more than to ask the socket for a second.
        try:
            parts = receive_parts(socket)
        except zmq.Again:
            return
        handler(parts)

    def close(self) -> None:
        """Close the mailbox; the sockets are their owners'."""
        self.mailbox.close()
