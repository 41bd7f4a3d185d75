"""Finds a language model: at the configured address, else LM Studio or Ollama on this machine."""

import asyncio
import json
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from types import ModuleType
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from streamtalk.orchestrator.llm.config import BaseUrl, LlmConfig, api_key, parse_base_url
from streamtalk.runtime.api_key import ApiKey
from streamtalk.runtime.http_library import load_httpx

LOCAL_SERVERS: Final = {
    "lmstudio": "http://127.0.0.1:1234/v1",
    "ollama": "http://127.0.0.1:11434/v1",
}
"""Where each server listens unless told otherwise, in the order of preference."""

MAX_LIST_BYTES: Final = 4 << 20
"""A longer list of models is refused; the longest public one has 400 kB."""

_NO_CHAT: Final = re.compile(
    r"embed|rerank|whisper|tts|moderation|dall-e|image|transcribe|realtime|audio|bge-|(^|[_-])e5-"
    r"|minilm|clip|davinci|babbage|sora",
    re.IGNORECASE,
)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A server that answered, and the model of it that is to chat."""

    server: str
    """`lmstudio`, `ollama` or `configured`."""

    base_url: str
    model: str
    models: tuple[str, ...] = ()
    """All that the server offers."""

    key: ApiKey | None = None


class NotFound(msgspec.Struct, frozen=True):
    """No server, and why each address was none."""

    reasons: tuple[str, ...]


class _UnusableError(Exception):
    pass


async def probe(config: LlmConfig, environment: Mapping[str, str] = os.environ) -> Found | NotFound:
    """Ask every candidate side by side; the first that can chat, by preference, wins.

    Takes `probe_s` at most for servers on this machine, `connect_timeout_s` for one elsewhere.
    Raises ConfigError where `base_url` is no address.
    """
    configured = bool(config.base_url)
    candidates = {"configured": config.base_url} if configured else LOCAL_SERVERS
    outcomes = await asyncio.gather(
        *(_try(config, name, parse_base_url(url), environment) for name, url in candidates.items())
    )
    found = [outcome for outcome in outcomes if isinstance(outcome, Found)]
    return found[0] if found else NotFound(tuple(map(str, outcomes)))


async def _try(
    config: LlmConfig, name: str, base: BaseUrl, environment: Mapping[str, str]
) -> Found | str:
    key = api_key(environment, base, configured=name == "configured")
    deadline_s = config.probe_s if base.is_loopback else config.connect_timeout_s
    try:
        models = await _list_models(base, key, deadline_s, has_model=bool(config.model))
    except TimeoutError:
        return f"{name}: {base.url} did not answer within {deadline_s:g} s: is it overloaded?"
    except _UnusableError as error:
        return f"{name}: {base.url} {error}"
    model = choose_model(models, config.model, strict=name != "configured")
    if model is None:
        return f"{name}: {base.url} {_no_model(models, config.model)}"
    return Found(server=name, base_url=base.url, model=model, models=models, key=key)


def choose_model(models: Sequence[str], wanted: str, *, strict: bool) -> str | None:
    """The wanted model in the server's spelling, else the first that is not for something else.

    Unless `strict`, a wanted model need not be listed: many servers list less than they have.
    """
    if not wanted:
        return next((m for m in models if not _NO_CHAT.search(m.rsplit("/", 1)[-1])), None)
    if wanted in models:
        return wanted
    if f"{wanted}:latest" in models:
        return f"{wanted}:latest"
    return None if strict else wanted


def _no_model(models: Sequence[str], wanted: str) -> str:
    if wanted:
        offered = ", ".join(models[:10]) or "none"
        return f"does not have the model {wanted!r}: set llm.model to one it has ({offered})"
    return "has no model that chats: download or load one there, or set llm.model"


async def _list_models(
    base: BaseUrl, key: ApiKey | None, deadline_s: float, *, has_model: bool
) -> tuple[str, ...]:
    if base.is_loopback:
        async with asyncio.timeout(deadline_s):
            await _knock(base)
    # Importing takes up to a second on a busy machine and says nothing about the server.
    httpx = await asyncio.to_thread(load_httpx)
    async with asyncio.timeout(deadline_s):
        status, body = await _get(httpx, base, key)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise _UnusableError("refuses the key: set STREAMTALK_LLM_API_KEY to a valid one")
    if has_model:
        # Some servers cannot list what they have, such as mlx_lm.server without a download cache.
        with suppress(_UnusableError):
            return read_models(body)
        return ()
    if status != HTTPStatus.OK:
        raise _UnusableError(f"answered HTTP {status} to /models: is the address right?")
    return read_models(body)


async def _knock(base: BaseUrl) -> None:
    """Tell a closed port from an open one without the HTTP library, which is heavy to import."""
    parts = urlsplit(base.url)
    port = parts.port or (443 if base.is_encrypted else 80)
    try:
        _, writer = await asyncio.open_connection(base.host, port)
    except OSError as error:
        raise _UnusableError("has no server: start one there") from error
    writer.close()


async def _get(httpx: ModuleType, base: BaseUrl, key: ApiKey | None) -> tuple[int, bytes]:
    headers = {"Authorization": f"Bearer {key.reveal()}"} if key else {}
    client = httpx.AsyncClient(trust_env=not base.is_loopback, timeout=None)
    try:
        async with client, client.stream("GET", f"{base.url}/models", headers=headers) as response:
            body = b""
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_LIST_BYTES:
                    raise _UnusableError("sends an endless list of models")
            return response.status_code, body
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _UnusableError(f"cannot be talked to ({type(error).__name__})") from error


def read_models(body: bytes) -> tuple[str, ...]:
    """Model ids of a `/v1/models` reply, in the server's order."""
    try:
        reply: Any = json.loads(body)
        listed = reply["data"] or []
        return tuple(m["id"][:200] for m in listed if isinstance(m.get("id"), str))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _UnusableError(
            "is no OpenAI-compatible server: does the address end in /v1?"
        ) from error
