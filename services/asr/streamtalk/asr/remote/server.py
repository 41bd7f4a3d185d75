"""One server over HTTP: a deadline on all that can hang, a bound on all that can grow."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from streamtalk.asr.remote.answers import MAX_BODY_BYTES, EventReader, Said, read_answer
from streamtalk.asr.remote.deadlines import answer_deadlines
from streamtalk.asr.remote.settings import OpenAiTranscriptionSettings
from streamtalk.proto.errors import (
    RemoteError,
    RemoteGarbageError,
    RemoteTimeoutError,
    RemoteUnreachableError,
)
from streamtalk.runtime.api_key import ApiKey
from streamtalk.runtime.http_library import load_httpx
from streamtalk.runtime.remote.address import Address
from streamtalk.runtime.remote.answer import Pause, pause_s, status_error
from streamtalk.runtime.remote.connections import open_connections
from streamtalk.runtime.remote.deadlines import Deadlines

_CLOSE_S: Final = 0.3
_KEPT: Final = 2
"""Connections that wait for the next turn."""

_EVENTS: Final = "text/event-stream"
_PATH: Final = "/audio/transcriptions"


@dataclass(frozen=True)
class Ask:
    """One request."""

    audio_s: float
    fields: dict[str, Any] = field(repr=False)
    """Holds what was said before, so it is never printed."""

    file: tuple[str, bytes, str] = field(repr=False)
    quick_s: float = 0.0
    """Answer after this time with what has been streamed by then; 0: wait for all of it."""


class TranscriptionServer:
    """Used on the I/O thread, but for `load`; connections are kept open between requests."""

    def __init__(
        self,
        settings: OpenAiTranscriptionSettings,
        address: Address,
        key: ApiKey | None,
        key_variable: str,
    ) -> None:
        self._settings = settings
        self._address = address
        self._url = f"{address.url.removesuffix(_PATH)}{_PATH}"
        self._key = key
        self._key_variable = key_variable
        self._pause = Pause()
        self._httpx: Any = None
        self._client: Any = None

    def load(self) -> None:
        """Import httpx and read the certificates; the network is not needed."""
        self._httpx = load_httpx()
        connect_s = self._settings.connect_timeout_s
        self._client = open_connections(self._httpx, self._address, connect_s, _KEPT)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def transcribe(self, ask: Ask) -> Said:
        """Ask once; raises RemoteError, and when cancelled closes the connection."""
        clock = asyncio.get_running_loop().time
        self._pause.admit(clock(), self._address.url)
        deadlines = answer_deadlines(self._settings, ask.audio_s, clock())
        try:
            return await self._transcribe(ask, deadlines)
        except TimeoutError as error:
            raise RemoteTimeoutError(f"{self._address.url}: {deadlines.complaint()}") from error
        except (self._httpx.HTTPError, self._httpx.StreamError) as error:
            raise self._unreachable(error) from error

    async def _transcribe(self, ask: Ask, deadlines: Deadlines) -> Said:
        clock = asyncio.get_running_loop().time
        quick_s = clock() + ask.quick_s if ask.quick_s else None
        streamed = EventReader(self._address.url)
        with suppress(_EnoughError):
            async with (
                self._response(ask, deadlines, quick_s) as response,
                aclosing(self._chunks(response, deadlines, quick_s)) as chunks,
            ):
                kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
                if kind != _EVENTS:
                    body = b"".join([raw async for raw in chunks])
                    return read_answer(body, self._address.url)
                async for raw in chunks:
                    streamed.feed(raw)
                    if streamed.is_done:
                        raise _EnoughError
                streamed.finish()
        return Said(text=streamed.text)

    @asynccontextmanager
    async def _response(
        self, ask: Ask, deadlines: Deadlines, quick_s: float | None
    ) -> AsyncIterator[Any]:
        headers = {"Authorization": f"Bearer {self._key.reveal()}"} if self._key else {}
        request = self._client.build_request(
            "POST", self._url, headers=headers, data=ask.fields, files={"file": ask.file}
        )
        async with _until(deadlines, quick_s):
            response = await self._client.send(request, stream=True)
        try:
            if response.status_code != HTTPStatus.OK:
                raise self._refused(response)
            yield response
        finally:
            with suppress(TimeoutError, self._httpx.HTTPError):
                async with asyncio.timeout(_CLOSE_S):
                    await response.aclose()

    async def _chunks(
        self,
        response: Any,  # noqa: ANN401 — imported late
        deadlines: Deadlines,
        quick_s: float | None,
    ) -> AsyncGenerator[bytes, None]:
        clock = asyncio.get_running_loop().time
        chunks, left_bytes = response.aiter_bytes(), MAX_BODY_BYTES
        while True:
            async with _until(deadlines, quick_s):
                raw = await anext(chunks, None)
            if raw is None:
                return
            deadlines.came(clock())
            left_bytes -= len(raw)
            if left_bytes < 0:
                raise RemoteGarbageError(f"{self._address.url} answers without end")
            yield raw

    def _refused(self, response: Any) -> RemoteError:  # noqa: ANN401 — imported late
        status, wait_s = response.status_code, 0.0
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            headers = response.headers
            wait_s = pause_s(headers.get("retry-after", ""), headers.get("date", ""))
            self._pause.until(asyncio.get_running_loop().time() + wait_s)
        url, variable = self._address.url, self._key_variable
        return status_error(status, url=url, key_variable=variable, pause_s=wait_s)

    def _unreachable(self, error: Exception) -> RemoteError:
        url = self._address.url
        if isinstance(error, self._httpx.ConnectTimeout):
            limit_s = self._settings.connect_timeout_s
            return RemoteTimeoutError(f"{url} took no connection within {limit_s:g} s")
        is_down = isinstance(error, self._httpx.ConnectError)
        what = "cannot be reached" if is_down else "broke off in its answer"
        return RemoteUnreachableError(
            f"{url} {what} ({type(error).__name__}): is the server running?"
        )


class _EnoughError(Exception):
    """What has come is all that is wanted; no failure."""


@asynccontextmanager
async def _until(deadlines: Deadlines, quick_s: float | None) -> AsyncIterator[None]:
    """Wait no longer than the deadlines say, nor than a quick answer may take."""
    due_s = deadlines.next_s()
    is_quick = quick_s is not None and quick_s < due_s
    try:
        async with asyncio.timeout_at(quick_s if is_quick else due_s):
            yield
    except TimeoutError:
        if is_quick:
            raise _EnoughError from None
        raise
