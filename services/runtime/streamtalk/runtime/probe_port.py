"""A small HTTP server for probes, on threads of its own: it answers while the engine works.

It reads one bounded request of a connection within one deadline, answers and closes. What it
answers with was shown by the receive thread: nobody waits for anybody. Not `http.server`, which has
deadlines for single reads only, and as many threads as there are clients.
"""

import contextlib
import logging
import socket
import threading
import time
from typing import Final, Self

from streamtalk.proto.health import Health
from streamtalk.runtime.config import ProcessConfig
from streamtalk.runtime.probe_pages import END, MAX_REQUEST_BYTES, Snapshot, respond

CONNECTIONS: Final = 16
"""At a time; a further one is closed at once."""

DEADLINE_S: Final = 2.0
"""For the whole of a connection, however slowly the other side speaks or listens."""

_BACKLOG: Final = 16
_PIECE_BYTES: Final = 2_048
_AGAIN_NS: Final = 5_000_000_000
_CLOSE_S: Final = 1.0


class ProbePort:
    """Opened by the first snapshot that is shown; a port that is taken is tried again later."""

    def __init__(self, host: str, port: int, log: logging.Logger) -> None:
        self._address = (host, port)
        self._log = log
        self._snapshot: Snapshot | None = None
        self._socket: socket.socket | None = None
        self._free = threading.BoundedSemaphore(CONNECTIONS)
        self._thread = threading.Thread(target=self._accept, name="probe port", daemon=True)
        self._again_ns = 0

    @classmethod
    def of(cls, config: ProcessConfig, slot: str, log: logging.Logger) -> Self:
        """That of a slot: each has a port of its own."""
        number = slot.rpartition("_")[2]
        return cls(config.http_host, config.http_port + int(number if number.isdigit() else 0), log)

    def show(self, now_ns: int, health: Health, metrics: str, started: bool) -> None:  # noqa: FBT001
        """How the process is. Receive thread."""
        self._snapshot = Snapshot(now_ns, health, started, metrics)
        if self._socket is None and now_ns >= self._again_ns:
            self._again_ns = now_ns + _AGAIN_NS
            self._open()

    def close(self) -> None:
        """Answer nobody any more."""
        if self._socket is not None:
            # A thread that waits in `accept` is not woken by closing alone.
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._thread.join(_CLOSE_S)
            self._socket.close()

    def _open(self) -> None:
        host, port = self._address
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(_BACKLOG)
        except OSError as error:
            listener.close()
            fields = {"host": host, "port": port, "reason": error.strerror or str(error)}
            self._log.error("no probe port; correct http_port", extra={"fields": fields})
            return
        self._socket = listener
        self._thread.start()

    def _accept(self) -> None:
        listener = self._socket
        while listener is not None:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            if not self._free.acquire(blocking=False):
                connection.close()
                continue
            # A daemon: leaving does not wait for a client.
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        until_s = time.monotonic() + DEADLINE_S
        try:
            with connection:
                raw = _read(connection, until_s)
                if raw:
                    answer = respond(raw, self._snapshot, time.monotonic_ns())
                    connection.settimeout(max(0.01, until_s - time.monotonic()))
                    connection.sendall(answer)
                    connection.shutdown(socket.SHUT_WR)
        except OSError:
            # Too slow, or gone: nobody is left to tell.
            pass
        finally:
            self._free.release()


def _read(connection: socket.socket, until_s: float) -> bytes:
    """A request up to the end of its headers; less when it does not come, or is too large."""
    raw = bytearray()
    while END not in raw and len(raw) < MAX_REQUEST_BYTES:
        connection.settimeout(max(0.01, until_s - time.monotonic()))
        piece = connection.recv(_PIECE_BYTES)
        if not piece or time.monotonic() > until_s:
            return b""
        raw += piece
    return bytes(raw)
