"""The connections to one remote server, kept open between requests."""

from typing import Any, Final

from streamtalk.runtime.remote.address import Address

_KEEP_S: Final = 60.0


def open_connections(httpx: Any, address: Address, connect_s: float, kept: int) -> Any:  # noqa: ANN401 — a library that is imported late
    """An `httpx.AsyncClient` without deadlines of its own but for connecting.

    A proxy for the internet must not stand between us and a server on this machine, and the key
    must not follow a redirect. For a thread, not the loop: certificates are read.

    Args:
        httpx: The library, by `load_httpx`.
        address: Of the server.
        connect_s: How long a connection may take.
        kept: Connections that stay open unused, for a minute.
    """
    return httpx.AsyncClient(
        limits=httpx.Limits(max_keepalive_connections=kept, keepalive_expiry=_KEEP_S),
        timeout=httpx.Timeout(None, connect=connect_s),
        trust_env=not address.is_loopback,
        follow_redirects=False,
    )
