"""SUB in, PUB out, in a thread of libzmq: no Python touches a frame.

Not XSUB and XPUB: those pass every subscription on to every publisher, so that one peer with a
flood of them grows every process of the stack.
"""

import threading
from typing import Final

import zmq

from streamtalk.client.rundir import RunDir
from streamtalk.client.sockets import AUDIO_MARK, open_socket
from streamtalk.proto.limits import MAX_TOPIC_BYTES

_ZERO_COPY_RECV: Final = 10
"""Option of a context (libzmq 4.3); pyzmq has no name for it."""


class Forwarder:
    """Runs from construction to `close`."""

    def __init__(self, run_dir: RunDir) -> None:
        # A context of its own: terminating it is what ends the proxy.
        self._context = zmq.Context()
        # Else each frame that waits for a reader who does not read holds 8 KiB, not its own size.
        self._context.set(_ZERO_COPY_RECV, 0)
        self._inward = open_socket(self._context, zmq.SUB, AUDIO_MARK)
        self._inward.setsockopt(zmq.SUBSCRIBE, b"")
        self._outward = open_socket(self._context, zmq.PUB, AUDIO_MARK)
        # Only subscriptions come in here; one longer than any topic ends its peer's line.
        self._outward.setsockopt(zmq.MAXMSGSIZE, MAX_TOPIC_BYTES)
        self._inward.bind(run_dir.bus_in)
        self._outward.bind(run_dir.bus_out)
        self._thread = threading.Thread(target=self._forward, name="forwarder")
        self._thread.start()

    def _forward(self) -> None:
        try:
            zmq.proxy(self._inward, self._outward)
        except zmq.ContextTerminated:
            pass
        finally:
            self._inward.close(linger=0)
            self._outward.close(linger=0)

    @property
    def alive(self) -> bool:
        """Whether frames are being forwarded."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Stop forwarding and wait for the thread."""
        self._context.term()
        self._thread.join()
