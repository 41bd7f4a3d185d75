"""Requests over HTTP: a deadline on everything that can hang, a name for all that goes wrong."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec

from streamtalk.proto.errors import RemoteError, RemoteTimeoutError, RemoteUnreachableError
from streamtalk.runtime.http_library import load_httpx
from streamtalk.runtime.remote.address import Address
from streamtalk.runtime.remote.answer import Pause, check_is_sound, pause_s, status_error
from streamtalk.runtime.remote.connections import open_connections
from streamtalk.runtime.remote.deadlines import Deadlines
from streamtalk.runtime.remote.io_thread import Put
from streamtalk.tts.remote.deadlines import piece_deadlines
from streamtalk.tts.remote.settings import RemoteSettings

if TYPE_CHECKING:
    import httpx

CLOSE_S: Final = 0.3
"""A connection that does not close in this time is left to the system."""

_KEPT: Final = 8
"""Connections that wait for the next piece."""


@dataclass(frozen=True)
class HttpCall:
    """One POST; `fields` are arguments of httpx that make its body."""

    url: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    """Holds the key, so it is never printed."""

    fields: dict[str, Any] = field(default_factory=dict, repr=False)
    """Holds what is said, so it is never printed."""

    is_text: bool = False
    """Whether the sound comes inside JSON."""


class HttpSource:
    """One server, over connections that are kept open between pieces."""

    def __init__(self, settings: RemoteSettings, address: Address, key_variable: str) -> None:
        self._settings = settings
        self._address = address
        self._key_variable = key_variable
        self._pause = Pause()
        self._httpx: Any = None
        self._client: Any = None

    def load(self) -> None:
        """Import httpx and read the certificates: together up to a second."""
        self._httpx = load_httpx()
        connect_s = self._settings.connect_timeout_s
        self._client = open_connections(self._httpx, self._address, connect_s, _KEPT)

    def identity(self, call: HttpCall) -> bytes:
        """Address and body; the headers hold the key."""
        return msgspec.msgpack.encode((call.url, call.fields))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def read(self, call: HttpCall, put: Put) -> None:
        """Post, and put the body as it comes."""
        clock = asyncio.get_running_loop().time
        self._pause.admit(clock(), self._address.url)
        deadlines = piece_deadlines(self._settings, clock())
        try:
            await self._read(call, put, deadlines)
        except TimeoutError as error:
            raise RemoteTimeoutError(f"{self._address.url}: {deadlines.complaint()}") from error
        except (self._httpx.HTTPError, self._httpx.StreamError) as error:
            raise self._unreachable(error) from error

    async def _read(self, call: HttpCall, put: Put, deadlines: Deadlines) -> None:
        clock = asyncio.get_running_loop().time
        request = self._client.build_request("POST", call.url, headers=call.headers, **call.fields)
        async with asyncio.timeout_at(deadlines.next_s()):
            response = await self._client.send(request, stream=True)
        try:
            if response.status_code != HTTPStatus.OK:
                raise self._refused(response, clock())
            chunks = response.aiter_bytes()
            is_first = not call.is_text
            while True:
                async with asyncio.timeout_at(deadlines.next_s()):
                    chunk = await anext(chunks, None)
                if chunk is None:
                    return
                if is_first:
                    is_first = False
                    content_type = response.headers.get("content-type", "")
                    check_is_sound(content_type, chunk, self._address.url)
                await put(chunk)
                deadlines.came(clock())
        finally:
            with suppress(TimeoutError, self._httpx.HTTPError):
                async with asyncio.timeout(CLOSE_S):
                    await response.aclose()

    def _refused(self, response: "httpx.Response", now_s: float) -> RemoteError:
        status, wait_s = response.status_code, 0.0
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            headers = response.headers
            wait_s = pause_s(headers.get("retry-after", ""), headers.get("date", ""))
            self._pause.until(now_s + wait_s)
        url, variable = self._address.url, self._key_variable
        return status_error(status, url=url, key_variable=variable, pause_s=wait_s)

    def _unreachable(self, error: Exception) -> RemoteError:
        url = self._address.url
        if isinstance(error, self._httpx.ConnectTimeout):
            return RemoteTimeoutError(
                f"{url} took no connection within {self._settings.connect_timeout_s:g} s"
            )
        is_down = isinstance(error, self._httpx.ConnectError)
        what = "cannot be reached" if is_down else "broke off in its answer"
        return RemoteUnreachableError(
            f"{url} {what} ({type(error).__name__}): is the server running?"
        )
