"""What the HTTP port of a process says, and to whom."""

import json
from typing import Any

import msgspec
import pytest

from streamtalk.proto.health import Health
from streamtalk.runtime.probe_pages import Snapshot, respond
from tests.support.messages import INSTANCE

pytestmark = pytest.mark.unit

SECOND_NS = 1_000_000_000
NOW_NS = 100 * SECOND_NS


def snapshot(*, started: bool = True, age_s: float = 0.5, **fields: Any) -> Snapshot:  # noqa: ANN401
    """A process that is live and ready, but for the named fields of its instance."""
    values = {"live": True, "ready": True, "state": "ready", "reason": "", **fields}
    instance = msgspec.structs.replace(INSTANCE, **values)
    health = Health(instance=instance, doing="speak", busy_ms=9_000.0, budget_ms=2_000.0)
    at_ns = NOW_NS - int(age_s * SECOND_NS)
    return Snapshot(at_ns, health, started, "streamtalk_tts_work_done 3\n")


def ask(line: str, seen: Snapshot | None = None, host: str = "127.0.0.1:8090") -> tuple[int, str]:
    """Status and body of the answer to one request line."""
    raw = f"{line} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    head, _, body = respond(raw, seen, NOW_NS).partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body.decode()


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/startupz", "/livez?verbose"])
def test_healthy_process_is_well_on_every_page(path: str) -> None:
    """200 and a short word for programs."""
    assert ask(f"GET {path}", snapshot()) == (200, '{"ok": true}')


def test_failed_process_is_live_and_not_ready() -> None:
    """It is taken out of traffic and says why, and it is not restarted."""
    seen = snapshot(ready=False, state="failed", reason="3 failures in a row")
    assert ask("GET /livez", seen)[0] == 200
    status, body = ask("GET /readyz", seen)
    assert (status, json.loads(body)["reason"]) == (503, "3 failures in a row")
    assert ask("GET /startupz", seen)[0] == 200


def test_loading_process_has_not_started() -> None:
    """It is live meanwhile, so that a slow load is not taken for a hang."""
    seen = snapshot(started=False, ready=False, state="loading")
    assert ask("GET /livez", seen)[0] == 200
    assert ask("GET /startupz", seen) == (503, '{"ok": false, "reason": "loading"}')


def test_process_whose_receive_thread_is_silent_is_neither() -> None:
    """An old snapshot proves nothing, however well it looks."""
    assert ask("GET /livez", snapshot(age_s=3.9))[0] == 200
    for page in ("/livez", "/readyz"):
        status, body = ask(f"GET {page}", snapshot(age_s=4.0))
        assert (status, "silent for 4 s" in body) == (503, True)


def test_hung_engine_is_not_live() -> None:
    """The reason names the call that is past its budget."""
    status, body = ask("GET /livez", snapshot(live=False))
    assert (status, "speak has been running for 9 s" in body) == (503, True)


def test_process_without_a_snapshot_is_not_live() -> None:
    """It has not come round once."""
    assert ask("GET /livez")[0] == 503


def test_metrics_are_text() -> None:
    """What Prometheus reads, of the last snapshot."""
    assert ask("GET /metrics", snapshot()) == (200, "streamtalk_tts_work_done 3\n")


def test_head_has_no_body() -> None:
    """The same status and length, nothing more."""
    raw = b"HEAD /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answer = respond(raw, snapshot(), NOW_NS)
    assert b"Content-Length: 12" in answer
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "get"])
def test_port_only_tells(method: str) -> None:
    """There is nothing to change here."""
    assert ask(f"{method} /livez", snapshot())[0] == 405


@pytest.mark.parametrize("path", ["/", "/health", "//livez", "/livez/", "http://x/livez"])
def test_other_paths_are_not_there(path: str) -> None:
    """The answer lists those that are."""
    status, body = ask(f"GET {path}", snapshot())
    assert (status, "/readyz" in body) == (404, True)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost:80", "[::1]:80", "::1", "192.0.2.7:8090", "", "LOCALHOST"]
)
def test_addresses_are_answered(host: str) -> None:
    """A kubelet names the address of the pod; an old client names nothing."""
    assert ask("GET /livez", snapshot(), host)[0] == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example:80", "127.0.0.1.nip.example", "[evil]", "a:b:c"],
)
def test_names_are_refused(host: str) -> None:
    """A page of the web could make a name of its own point to this machine."""
    assert ask("GET /livez", snapshot(), host)[0] == 403


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n\r\n",
        b"GET /livez\r\n\r\n",
        b"GET /livez HTTP/2\r\n\r\n",
        b"GET  /livez HTTP/1.1\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: localhost\r\n",
        b"GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\xff\r\n\r\n",
    ],
)
def test_what_is_no_request_is_told_so(raw: bytes) -> None:
    """400, whatever the bytes are."""
    assert respond(raw, snapshot(), NOW_NS).startswith(b"HTTP/1.1 400 ")
