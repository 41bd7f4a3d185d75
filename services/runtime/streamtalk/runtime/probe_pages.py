"""What the HTTP port of a process says, and to whom; no sockets, no clock."""

import ipaddress
import json
from dataclasses import dataclass
from typing import Final, NamedTuple

from streamtalk.proto.health import Health

SILENT_NS: Final = 4_000_000_000
"""A receive thread that has shown nothing for so long is not live."""

MAX_REQUEST_BYTES: Final = 8_192
END: Final = b"\r\n\r\n"
PATHS: Final = ("/livez", "/readyz", "/startupz", "/metrics")

_STATUS: Final = {
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    503: "Service Unavailable",
}


@dataclass(frozen=True)
class Snapshot:
    """How the process was when its receive thread came round last."""

    at_ns: int
    health: Health
    started: bool
    """Whether it has ever been ready."""

    metrics: str


class Page(NamedTuple):
    """An answer, before it is put into bytes."""

    status: int
    text: str
    kind: str = "application/json"


class _Request(NamedTuple):
    method: str
    path: str
    host: str


def respond(raw: bytes, snapshot: Snapshot | None, now_ns: int) -> bytes:
    """The whole response to a whole request; the connection ends with it."""
    request = _parse(raw)
    if request is None:
        return _bytes(_refusal(400, "this is no HTTP request"), body=True)
    page = _refused(request) or _page(request.path, snapshot, now_ns)
    return _bytes(page, body=request.method != "HEAD")


def _parse(raw: bytes) -> _Request | None:
    head, end, _ = raw.partition(END)
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if not end or len(words) != 3 or not words[2].startswith("HTTP/1."):  # noqa: PLR2004
        return None
    hosts = [
        value.strip()
        for name, colon, value in (line.partition(":") for line in lines[1:])
        if colon and name.strip().lower() == "host"
    ]
    if len(hosts) > 1:
        return None
    return _Request(words[0], words[1].partition("?")[0], hosts[0] if hosts else "")


def _refused(request: _Request) -> Page | None:
    if not _is_address(request.host):
        return _refusal(403, "name the process by its address, or localhost")
    if request.method not in ("GET", "HEAD"):
        return _refusal(405, "only GET and HEAD")
    if request.path not in PATHS:
        return _refusal(404, f"there are {', '.join(PATHS)}")
    return None


def _is_address(host: str) -> bool:
    """A page of the web reaches us by a name that it made point here, never by an address."""
    name = host if host.endswith("]") or host.count(":") != 1 else host.partition(":")[0]
    if host.startswith("["):
        name = host[1:].partition("]")[0]
    if name.lower() in ("", "localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _page(path: str, snapshot: Snapshot | None, now_ns: int) -> Page:
    if snapshot is None:
        return _verdict(holds=False, reason="it has just begun to start")
    if path == "/metrics":
        return Page(200, snapshot.metrics, "text/plain; version=0.0.4; charset=utf-8")
    instance = snapshot.health.instance
    if path == "/startupz":
        return _verdict(holds=snapshot.started, reason=instance.reason or instance.state)
    if not _is_live(snapshot, now_ns):
        return _verdict(holds=False, reason=_why_not_live(snapshot, now_ns))
    holds = path == "/livez" or instance.ready
    return _verdict(holds=holds, reason=instance.reason or instance.state)


def _is_live(snapshot: Snapshot, now_ns: int) -> bool:
    return now_ns - snapshot.at_ns < SILENT_NS and snapshot.health.instance.live


def _why_not_live(snapshot: Snapshot, now_ns: int) -> str:
    silent_s = (now_ns - snapshot.at_ns) / 1e9
    if silent_s * 1e9 >= SILENT_NS:
        return f"the receive thread has been silent for {silent_s:.0f} s"
    health = snapshot.health
    return f"{health.doing} has been running for {health.busy_ms / 1e3:.0f} s, past its budget"


def _verdict(*, holds: bool, reason: str) -> Page:
    if holds:
        return Page(200, json.dumps({"ok": True}))
    return _refusal(503, reason)


def _refusal(status: int, reason: str) -> Page:
    return Page(status, json.dumps({"ok": False, "reason": reason[:500]}))


def _bytes(page: Page, *, body: bool) -> bytes:
    content = page.text.encode()
    lines = [
        f"HTTP/1.1 {page.status} {_STATUS[page.status]}",
        f"Content-Type: {page.kind}",
        f"Content-Length: {len(content)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        *(["Allow: GET, HEAD"] if page.status == 405 else []),  # noqa: PLR2004
        "Connection: close",
    ]
    head = "\r\n".join(lines).encode("latin-1", "replace") + END
    return head + content if body else head
