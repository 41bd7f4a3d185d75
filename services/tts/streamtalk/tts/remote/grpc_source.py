"""Requests over gRPC whose answer is a stream: the same deadlines and names as over HTTP."""

import asyncio
import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from streamtalk.proto.errors import (
    RemoteAuthError,
    RemoteError,
    RemoteRateLimitedError,
    RemoteRefusedError,
    RemoteServerError,
    RemoteTimeoutError,
    RemoteUnreachableError,
)
from streamtalk.runtime.remote.deadlines import Deadlines
from streamtalk.runtime.remote.io_thread import Put
from streamtalk.tts.remote.deadlines import piece_deadlines
from streamtalk.tts.remote.settings import RemoteSettings


@dataclass(frozen=True)
class GrpcCall:
    """One request."""

    path: str
    message: bytes = field(repr=False)
    """Serialised; holds what is said, so it is never printed."""

    read: Callable[[bytes], bytes | None]
    """PCM of one message of the answer; None: it was the last. Raises RemoteError."""

    is_bidirectional: bool = False


class GrpcSource:
    """One server, over one channel that connects again by itself."""

    def __init__(self, settings: RemoteSettings, target: str) -> None:
        self._settings = settings
        self._target = target
        self._grpc: Any = None
        self._channel: Any = None

    def load(self) -> None:
        """Import grpcio; the channel is opened by the first request, on its loop."""
        self._grpc = importlib.import_module("grpc")
        importlib.import_module("grpc.aio")

    def identity(self, call: GrpcCall) -> bytes:
        """Address, method and message."""
        return msgspec.msgpack.encode((self._target, call.path, call.message))

    async def close(self) -> None:
        """Close the channel."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

    async def read(self, call: GrpcCall, put: Put) -> None:
        """Ask, and put the sound of each message as it comes."""
        deadlines = piece_deadlines(self._settings, asyncio.get_running_loop().time())
        error = await self._try(call, put, deadlines)
        if error is not None:
            raise error

    async def _try(self, call: GrpcCall, put: Put, deadlines: Deadlines) -> RemoteError | None:
        """What went wrong, raised elsewhere: a traceback from here would keep the channel alive."""
        stream = self._begin(call)
        try:
            await self._read(stream, call, put, deadlines)
        except RemoteError as error:
            return error.with_traceback(None)
        except TimeoutError:
            return RemoteTimeoutError(f"{self._target}: {deadlines.complaint()}")
        except self._grpc.RpcError as error:
            return self._by_status(error.code())
        finally:
            stream.cancel()
        return None

    def _begin(self, call: GrpcCall) -> Any:  # noqa: ANN401 — grpc has no types
        channel = self._opened()
        # Where the server has just been started again, the first request waits for it.
        if not call.is_bidirectional:
            return channel.unary_stream(call.path)(call.message, wait_for_ready=True)
        return channel.stream_stream(call.path)(iter([call.message]), wait_for_ready=True)

    async def _read(
        self,
        stream: Any,  # noqa: ANN401 — grpc has no types
        call: GrpcCall,
        put: Put,
        deadlines: Deadlines,
    ) -> None:
        clock = asyncio.get_running_loop().time
        await self._connected()
        while True:
            async with asyncio.timeout_at(deadlines.next_s()):
                message = await stream.read()
            if message is self._grpc.aio.EOF:
                # What the server ended it with is raised here.
                status = await stream.code()
                if status is not self._grpc.StatusCode.OK:
                    raise self._by_status(status)
                return
            pcm = call.read(message)
            if pcm is None:
                return
            await put(pcm)
            deadlines.came(clock())

    async def _connected(self) -> None:
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                await self._channel.channel_ready()
        except TimeoutError:
            raise self._away() from None

    def _opened(self) -> Any:  # noqa: ANN401 — grpc has no types
        if self._channel is None:
            options = [
                ("grpc.initial_reconnect_backoff_ms", 100),
                ("grpc.min_reconnect_backoff_ms", 100),
                ("grpc.max_reconnect_backoff_ms", 1_000),
                ("grpc.enable_http_proxy", 0),
            ]
            self._channel = self._grpc.aio.insecure_channel(self._target, options=options)
        return self._channel

    def _by_status(self, status: Any) -> RemoteError:  # noqa: ANN401 — grpc has no types
        """Prose of the server is left out: it may quote what was said."""
        code, target = self._grpc.StatusCode, self._target
        if status is code.UNAVAILABLE:
            return RemoteUnreachableError(
                f"{target} broke off in its answer: is the server running?"
            )
        if status in {code.UNAUTHENTICATED, code.PERMISSION_DENIED}:
            return RemoteAuthError(f"{target} refuses us ({status.name}): see its log")
        if status is code.RESOURCE_EXHAUSTED:
            return RemoteRateLimitedError(f"{target} is overloaded ({status.name}): wait")
        if status in {code.INVALID_ARGUMENT, code.NOT_FOUND, code.UNIMPLEMENTED}:
            return RemoteRefusedError(
                f"{target} does not take the request ({status.name}): check transport, method and "
                "model in tts.engines.cosyvoice"
            )
        return RemoteServerError(f"{target} failed ({status.name}): see its log")

    def _away(self) -> RemoteError:
        return RemoteUnreachableError(
            f"{self._target} cannot be reached within {self._settings.connect_timeout_s:g} s: "
            "is the server running?"
        )
