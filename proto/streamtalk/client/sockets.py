"""Sockets with the options that every one of ours has, made and closed in one thread."""

import threading
from typing import Any, Final

import zmq

from streamtalk.client.rundir import RunDir
from streamtalk.proto.limits import MAX_MESSAGE_BYTES, MAX_PARTS

AUDIO_MARK: Final = 5_000
"""High-water mark of bus sockets in messages: 1 s of 100 sessions, far above twice any credit; a
reader that reads nothing costs the bus so many."""

CALL_MARK: Final = 1_000
_MORE: Final = int(zmq.NOBLOCK | zmq.SNDMORE)
_END_S: Final = 1.0


class BoundedContext(zmq.Context[Any]):
    """A context that ends within a second, whatever an interrupt has cut short.

    Ctrl-C may come between the making of a socket and its entry in the list that `destroy` closes;
    libzmq then waits for it for ever. Used in a `with` block, or ended by `destroy(linger=0)`, in
    the thread that owns its sockets.
    """

    def __exit__(self, *_error: object) -> None:
        self.destroy(linger=0)

    def term(self) -> None:
        """Terminate; what is still open after a second is left to the end of the process."""
        # The thread holds the context, so that nobody collects it and waits once more.
        ending = threading.Thread(target=super().term, name="zmq-term", daemon=True)
        ending.start()
        ending.join(_END_S)


def open_socket(context: zmq.Context[Any], kind: int, mark: int = CALL_MARK) -> zmq.Socket[bytes]:
    """A socket with size limit, marks and quick reconnection; bound to nothing yet.

    Without heartbeats: with them, libzmq 4.3.5 aborts the process when a peer leaves while its
    messages wait (`!_io_error`; libzmq issues 3937 and 4364). A closed ipc line tells of itself.
    """
    socket: zmq.Socket[bytes] = context.socket(kind)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE_BYTES)
    socket.setsockopt(zmq.RECONNECT_IVL, 10)
    socket.setsockopt(zmq.RECONNECT_IVL_MAX, 200)
    socket.setsockopt(zmq.SNDHWM, mark)
    socket.setsockopt(zmq.RCVHWM, mark)
    return socket


def open_publisher(context: zmq.Context[Any], run_dir: RunDir) -> zmq.Socket[bytes]:
    """A PUB socket on the bus."""
    socket = open_socket(context, zmq.PUB, AUDIO_MARK)
    socket.connect(run_dir.bus_in)
    return socket


def open_subscriber(
    context: zmq.Context[Any], run_dir: RunDir, *prefixes: bytes
) -> zmq.Socket[bytes]:
    """A SUB socket on the bus with these subscriptions."""
    socket = open_socket(context, zmq.SUB, AUDIO_MARK)
    for prefix in prefixes:
        socket.setsockopt(zmq.SUBSCRIBE, prefix)
    socket.connect(run_dir.bus_out)
    return socket


def send_parts(socket: zmq.Socket[bytes], *parts: bytes) -> None:
    """Send one message without waiting: half the cost of `send_multipart`, which checks each part.

    Raises zmq.Again when the socket's queue is full.
    """
    for part in parts[:-1]:
        socket.send(part, _MORE)
    socket.send(parts[-1], zmq.NOBLOCK)


def receive_parts(socket: zmq.Socket[bytes]) -> list[bytes]:
    """The next message, without waiting: `recv_multipart` asks the socket after every part.

    Raises zmq.Again when there is none.
    """
    frame = socket.recv(zmq.NOBLOCK, copy=False)
    parts = [frame.bytes]
    while frame.more:
        frame = socket.recv(zmq.NOBLOCK, copy=False)
        parts.append(frame.bytes)
    return parts


def split_envelope(parts: list[bytes]) -> tuple[list[bytes], bytes, bytes] | None:
    """(envelope up to and with the empty part, header, payload), or None for what is no call."""
    if len(parts) > MAX_PARTS:
        return None
    try:
        empty = parts.index(b"")
    except ValueError:
        return None
    rest = parts[empty + 1 :]
    if len(rest) not in (1, 2):
        return None
    return parts[: empty + 1], rest[0], rest[1] if len(rest) > 1 else b""
