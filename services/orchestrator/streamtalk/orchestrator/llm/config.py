"""Settings of the language model, and the key, which comes from the environment only."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from streamtalk.proto.errors import ConfigError
from streamtalk.runtime.api_key import ApiKey

Seconds = Annotated[float, msgspec.Meta(gt=0.0, le=3_600.0)]
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-fA-F:.]+\]|[^/:@?#\s]+)(:\d{1,5})?(?P<path>/\S*)?"
)
_LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|\[::1\]")


class LlmConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which language model answers, and how long it may take."""

    base_url: str = ""
    """Of an OpenAI-compatible server, with its `/v1`; empty: LM Studio, else Ollama, here."""

    model: str = ""
    """Model id; empty: the first one of the server that chats."""

    temperature: Annotated[float, msgspec.Meta(ge=0.0, le=2.0)] | None = None
    """Empty: the server's own."""

    max_tokens: Annotated[int, msgspec.Meta(ge=1)] = 512
    """Longest answer, asked of the server; about six minutes of speech."""

    context_tokens: Annotated[int, msgspec.Meta(ge=64)] = 3_000
    """Size to which the prompt is trimmed, estimated; with `max_tokens` it fits into 4,096."""

    extra: dict[str, Any] = {}
    """Further fields of the request, such as `reasoning_effort` or `think`."""

    connect_timeout_s: Seconds = 3.0
    """Until the server accepts the connection, repetition included."""

    first_token_timeout_s: Seconds = 20.0
    """Until the first word of an answer, or of its reasoning."""

    stall_timeout_s: Seconds = 15.0
    """Between two words of an answer."""

    answer_s: Seconds = 120.0
    """An answer is cut after this time."""

    answer_chars: Annotated[int, msgspec.Meta(ge=1)] = 8_000
    """An answer is cut after so many characters."""

    breaker_s: Seconds = 10.0
    """After a failure, calls are refused for so long."""

    check_s: Seconds = 15.0
    """How often a server that was found is checked, besides at once when it cannot be reached."""

    probe_s: Seconds = 1.0
    """Deadline for finding a server on this machine; one elsewhere has `connect_timeout_s`."""


class BaseUrl(msgspec.Struct, frozen=True):
    """A checked address of a server, without a slash at its end."""

    url: str
    host: str
    is_loopback: bool
    is_encrypted: bool


def parse_base_url(text: str) -> BaseUrl:
    """Complete an address with `/v1` where it has no path; raises ConfigError with an example."""
    found = _URL.fullmatch(text.strip())
    if found is None:
        raise ConfigError(
            f"llm.base_url is {_without_credentials(text)!r}; "
            "write an address such as http://127.0.0.1:1234/v1, without user or password"
        )
    url = text.strip().rstrip("/").removesuffix("/chat/completions")
    if not (found["path"] or "").strip("/"):
        url += "/v1"
    is_loopback = _LOOPBACK.fullmatch(found["host"]) is not None
    return BaseUrl(url, found["host"].strip("[]"), is_loopback, found["scheme"] == "https")


def _without_credentials(text: str) -> str:
    return re.sub(r"//.*@", "//***@", text[:200])


def api_key(environment: Mapping[str, str], base: BaseUrl, *, configured: bool) -> ApiKey | None:
    """The key for a server: our own variable anywhere, OpenAI's only where it is meant for.

    A server that was merely found on this machine, or that is reached without encryption, never
    gets `OPENAI_API_KEY`.
    """
    own = environment.get("STREAMTALK_LLM_API_KEY", "").strip()
    if own:
        return ApiKey(own)
    shared = environment.get("OPENAI_API_KEY", "").strip()
    meant = configured and (base.is_encrypted or base.is_loopback)
    return ApiKey(shared) if shared and meant else None
