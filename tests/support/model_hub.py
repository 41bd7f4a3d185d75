"""A model hub on loopback that speaks the hub's protocol, and misbehaves on request."""

import contextlib
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import urlsplit

COMMIT = "c" * 40
LARGE_BYTES = 5_000
_HELD_S = 120.0


class ModelHub:
    """Serves `files` of one model; use it as a context manager.

    `break_after` cuts that many of the next answers off in the middle; `rot` are paths whose
    content differs from the listing; `ranges` false ignores requests for a range.
    """

    def __init__(self, files: dict[str, bytes], model: str = "owner/spark") -> None:
        self.files = files
        self.model = model
        self.hold_after: int | None = None
        """Content stops after so many bytes until `go_on` is set."""

        self.go_on = threading.Event()
        self.cuts: list[int] = []
        """Bytes after which each of the next answers is cut off."""

        self.rot: set[str] = set()
        self.statuses: list[int] = []
        """Statuses that the next requests for content get instead."""

        self.ranges = True
        self.requests: list[tuple[str, str]] = []
        """Path and range of every request for content."""

        hub = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                """Say nothing."""

            def do_GET(self) -> None:
                """Answer."""
                hub.answer(self)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def endpoint(self) -> str:
        """Address of the hub."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Route one request; content lies behind a redirect, as on the real hub."""
        path = urlsplit(request.path).path
        content = f"/{self.model}/resolve/{COMMIT}/"
        if path == f"/api/models/{self.model}/revision/main":
            self._send(request, 200, json.dumps(self._listing()).encode(), {})
        elif path.startswith(content):
            place = f"/cdn/{path.removeprefix(content)}"
            self._send(request, 302, b"", {"Location": place})
        elif path.removeprefix("/cdn/") in self.files:
            self._send_content(request, path.removeprefix("/cdn/"))
        else:
            self._send(request, 404, b"not found", {})

    def _listing(self) -> dict[str, object]:
        return {"id": self.model, "sha": COMMIT, "siblings": [*map(self._entry, self.files)]}

    def _entry(self, path: str) -> dict[str, object]:
        data = self.files[path]
        blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
        entry: dict[str, object] = {"rfilename": path, "size": len(data), "blobId": blob}
        if len(data) > LARGE_BYTES:
            sha256 = hashlib.sha256(data).hexdigest()
            entry["lfs"] = {"sha256": sha256, "size": len(data), "pointerSize": 130}
        return entry

    def _send_content(self, request: BaseHTTPRequestHandler, path: str) -> None:
        asked = request.headers.get("Range", "")
        self.requests.append((path, asked))
        if self.statuses:
            self._send(request, self.statuses.pop(0), b"", {})
            return
        data = self.files[path]
        if path in self.rot:
            data = data[:-1] + bytes([data[-1] ^ 1])
        if not (asked and self.ranges):
            self._send(request, 200, data, {})
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-"))
        span = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self._send(request, 206, data[start:], {"Content-Range": span})

    def _send(
        self, request: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str]
    ) -> None:
        request.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            request.send_header(name, value)
        request.end_headers()
        is_content = status in {200, 206} and not request.path.startswith("/api/")
        cut = self.cuts.pop(0) if self.cuts and is_content else len(body)
        request.close_connection = True
        with contextlib.suppress(ConnectionError):
            self._write(request, body[:cut] if is_content else body)

    def _write(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        hold = len(body) if self.hold_after is None else self.hold_after
        request.wfile.write(body[:hold])
        request.wfile.flush()
        if hold < len(body):
            self.go_on.wait(_HELD_S)
            request.wfile.write(body[hold:])
