"""An instance without a process: a bound ROUTER whose answers the test writes itself."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import zmq

from streamtalk.client.sockets import open_socket, split_envelope
from streamtalk.proto.codec import decode_request, encode
from streamtalk.proto.message import Message, Request


class Instance:
    """One endpoint that takes calls."""

    def __init__(self, context: zmq.Context[Any], folder: Path, name: str = "one") -> None:
        self.endpoint = f"ipc://{folder}/{name}.sock"
        self._path = folder / f"{name}.sock"
        self._socket = open_socket(context, zmq.ROUTER)
        self._socket.bind(self.endpoint)

    def take(self) -> tuple[list[bytes], Request, bytes]:
        """Wait for the next call: its envelope, request and payload."""
        assert self._socket.poll(10_000), "no call came"
        found = split_envelope(self._socket.recv_multipart())
        assert found is not None
        return found[0], decode_request(found[1]), found[2]

    @property
    def is_called(self) -> bool:
        """Whether a call waits that was not taken."""
        return bool(self._socket.poll(50))

    def answer(self, envelope: list[bytes], *parts: bytes | Message) -> None:
        """Send a reply, well formed or not."""
        rows = [encode(part) if isinstance(part, Message) else part for part in parts]
        self._socket.send_multipart([*envelope, *rows])

    def close(self, last_words_ms: int = 0) -> None:
        """Die, as far as callers can see; what was answered may take so long to leave."""
        self._socket.close(linger=last_words_ms)
        if self._path.exists():
            os.unlink(self._path)  # noqa: PTH108


@contextmanager
def instance(context: zmq.Context[Any], folder: Path, name: str = "one") -> Iterator[Instance]:
    """An instance that lives as long as the block."""
    found = Instance(context, folder, name)
    try:
        yield found
    finally:
        found.close()
