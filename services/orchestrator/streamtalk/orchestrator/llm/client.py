"""Streams answers of any OpenAI-compatible server, with a deadline on everything that can hang."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from streamtalk.orchestrator.llm.breaker import Breaker
from streamtalk.orchestrator.llm.config import LlmConfig, parse_base_url
from streamtalk.orchestrator.llm.deadlines import answer_deadlines
from streamtalk.orchestrator.llm.discovery import Found
from streamtalk.orchestrator.llm.engine import ChatMessage
from streamtalk.orchestrator.llm.errors import (
    LlmContextError,
    LlmError,
    LlmTimeoutError,
    LlmUnreachableError,
)
from streamtalk.orchestrator.llm.response import RETRIED_STATUSES, AnswerReader, status_error
from streamtalk.orchestrator.llm.thinking import ThinkFilter, may_begin_inside
from streamtalk.runtime.http_library import load_httpx
from streamtalk.runtime.remote.deadlines import Deadlines

if TYPE_CHECKING:
    import httpx

RETRY_PAUSE_S: Final = 0.25
"""Before the one repetition; short, because a person waits."""

CLOSE_S: Final = 0.3
"""A connection that does not close in this time is left to the system."""

DRAIN_S: Final = 0.1
"""How long the end of the HTTP body is waited for after the end of the answer."""

_MAX_ERROR_BYTES: Final = 64 << 10
_LOG = logging.getLogger(__name__)


class _RetryableError(Exception):
    def __init__(self, error: LlmError) -> None:
        super().__init__(str(error))
        self.error = error


class OpenAiLlm:
    """Implements `LlmEngine` over HTTP; any number of streams run side by side."""

    def __init__(self, settings: LlmConfig, found: Found) -> None:
        self._settings = settings
        self._found = found
        self._base = parse_base_url(found.base_url)
        self._breaker = Breaker(settings.breaker_s)
        self._client: Any = None
        self._httpx: Any = None
        self._begins_inside = may_begin_inside(found.model)

    @property
    def label(self) -> str:
        """Server and model, such as `ollama:qwen3:4b`."""
        return f"{self._found.server}:{self._found.model}"

    async def load(self) -> None:
        """Import httpx and read the certificates, off the loop: together up to a second."""
        if self._client is None:
            self._httpx, self._client = await asyncio.to_thread(self._make_client)

    async def close(self) -> None:
        """Close all connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def stream(self, messages: Sequence[ChatMessage]) -> AsyncGenerator[str, None]:
        """Yield the answer; one repetition before its first word, none after it."""
        clock = asyncio.get_running_loop().time
        self._breaker.admit(clock())
        try:
            await self.load()
            async with aclosing(self._twice(self._body(messages))) as texts:
                async for text in texts:
                    self._breaker.succeeded()
                    yield text
        except LlmContextError:
            self._breaker.succeeded()
            raise
        except LlmError as error:
            self._breaker.failed(clock(), error)
            raise
        finally:
            self._breaker.abandoned()

    async def _twice(self, body: dict[str, Any]) -> AsyncGenerator[str, None]:
        for is_last in (False, True):
            try:
                async with aclosing(self._once(body)) as texts:
                    async for text in texts:
                        yield text
            except _RetryableError as failure:
                if is_last:
                    raise failure.error from failure
                _LOG.info("asking the language model again: %s", failure.error)
            else:
                return
            await asyncio.sleep(RETRY_PAUSE_S)

    async def _once(self, body: dict[str, Any]) -> AsyncGenerator[str, None]:
        """One request; _RetryableError where nothing was said yet and another may do better."""
        deadlines = answer_deadlines(self._settings, asyncio.get_running_loop().time())
        has_spoken = False
        try:
            async with (
                self._post(body, deadlines) as response,
                aclosing(self._read(response, deadlines)) as texts,
            ):
                async for text in texts:
                    has_spoken = True
                    yield text
        except (TimeoutError, self._httpx.HTTPError) as error:
            known = self._name(error, deadlines)
            # Connecting that timed out has used up the person's patience already.
            if has_spoken or deadlines.has_begun or isinstance(error, self._httpx.ConnectTimeout):
                raise known from error
            raise _RetryableError(known) from error

    async def _read(
        self, response: "httpx.Response", deadlines: Deadlines
    ) -> AsyncGenerator[str, None]:
        clock = asyncio.get_running_loop().time
        think = ThinkFilter(
            begins_inside=self._begins_inside, held_chars=self._settings.answer_chars
        )
        reader = AnswerReader(
            content_type=response.headers.get("content-type", "").lower(),
            think=think,
            max_chars=self._settings.answer_chars,
        )
        chunks = response.aiter_bytes()
        while not reader.is_over:
            try:
                async with asyncio.timeout_at(deadlines.next_s()):
                    chunk = await anext(chunks, None)
            except TimeoutError:
                if reader.has_spoken and deadlines.is_over(clock()):
                    reader.cut()
                    break
                raise
            if chunk is None:
                break
            text = reader.feed(chunk)
            if reader.progressed:
                deadlines.came(clock())
            if text:
                yield text
        if rest := reader.finish():
            yield rest
        reader.check()
        await self._end(chunks, reader, think)

    async def _end(
        self, chunks: AsyncIterator[bytes], reader: AnswerReader, think: ThinkFilter
    ) -> None:
        self._begins_inside = self._begins_inside or think.saw_stray_close
        if reader.was_cut:
            _LOG.warning("an answer of %s was cut: too long, or without an end", self.label)
            return
        # A body that was read to its end leaves the connection to the next call.
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                while await anext(chunks, None) is not None:
                    pass

    @asynccontextmanager
    async def _post(
        self, body: dict[str, Any], deadlines: Deadlines
    ) -> AsyncIterator["httpx.Response"]:
        request = self._client.build_request(
            "POST",
            f"{self._base.url}/chat/completions",
            json=body,
            headers=self._headers(),
            timeout=self._httpx.Timeout(None, connect=self._settings.connect_timeout_s),
        )
        async with asyncio.timeout_at(deadlines.next_s()):
            response = await self._client.send(request, stream=True)
        try:
            if response.status_code != HTTPStatus.OK:
                await self._refuse(response, deadlines)
            yield response
        finally:
            await self._close_response(response)

    async def _refuse(self, response: "httpx.Response", deadlines: Deadlines) -> None:
        body = b""
        async with asyncio.timeout_at(deadlines.next_s()):
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _MAX_ERROR_BYTES:
                    break
        error = status_error(
            response.status_code, body, model=self._found.model, url=self._base.url
        )
        _LOG.debug("the language model's server said: %r", body[:2_000])
        if response.status_code in RETRIED_STATUSES and not isinstance(error, LlmContextError):
            raise _RetryableError(error)
        raise error

    async def _close_response(self, response: "httpx.Response") -> None:
        try:
            async with asyncio.timeout(CLOSE_S):
                await response.aclose()
        except (TimeoutError, self._httpx.HTTPError):
            _LOG.debug("a connection to the language model did not close in time")

    def _name(self, error: Exception, deadlines: Deadlines) -> LlmError:
        if isinstance(error, TimeoutError):
            return LlmTimeoutError(deadlines.complaint())
        what = "broke off" if deadlines.has_begun else "cannot be reached"
        return LlmUnreachableError(
            f"{self._base.url} {what} ({type(error).__name__}): is the server running?"
        )

    def _make_client(self) -> tuple[Any, Any]:
        httpx = load_httpx()
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=8)
        # A proxy for the internet must not stand between us and a server on this machine.
        client = httpx.AsyncClient(limits=limits, trust_env=not self._base.is_loopback)
        return httpx, client

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "text/event-stream"}
        if self._found.key is not None:
            headers["Authorization"] = f"Bearer {self._found.key.reveal()}"
        return headers

    def _body(self, messages: Sequence[ChatMessage]) -> dict[str, Any]:
        settings = self._settings
        is_openai = self._base.host.endswith("openai.com")
        limit = "max_completion_tokens" if is_openai else "max_tokens"
        body: dict[str, Any] = {
            "model": self._found.model,
            "messages": [{"role": m.role, "content": m.content} for m in messages],
            "stream": True,
            limit: settings.max_tokens,
        }
        if settings.temperature is not None:
            body["temperature"] = settings.temperature
        return {**body, **settings.extra}
