"""Addresses, keys and models."""

import msgspec
import pytest

from streamtalk.orchestrator.llm.config import api_key, parse_base_url
from streamtalk.orchestrator.llm.discovery import choose_model, read_models
from streamtalk.proto.errors import ConfigError
from streamtalk.runtime.api_key import ApiKey

pytestmark = pytest.mark.unit

CLOUD = parse_base_url("https://api.openai.com/v1")
LAN = parse_base_url("http://gpu.lan:8000/v1")
LOCAL = parse_base_url("http://127.0.0.1:1234/v1")


@pytest.mark.parametrize(
    "text, url",
    [
        ("http://127.0.0.1:1234", "http://127.0.0.1:1234/v1"),
        ("http://localhost:8080/", "http://localhost:8080/v1"),
        (" https://x.y/api/v1/ ", "https://x.y/api/v1"),
        ("http://[::1]:80/v1/chat/completions", "http://[::1]:80/v1"),
    ],
)
def test_base_url_is_completed(text: str, url: str) -> None:
    """People paste addresses with and without their end."""
    assert parse_base_url(text).url == url


@pytest.mark.parametrize(
    "text", ["", "127.0.0.1:1234", "ftp://x/v1", "http://", "http://u:pw@x/v1"]
)
def test_base_url_that_is_none_is_refused(text: str) -> None:
    """The refusal names the key, shows an example, and repeats no password."""
    with pytest.raises(ConfigError, match=r"llm\.base_url.*http://127") as refusal:
        parse_base_url(text)
    assert "pw" not in str(refusal.value).replace("password", "")


@pytest.mark.parametrize(
    "host, expected", [("127.0.0.1", True), ("localhost", True), ("[::1]", True), ("x.de", False)]
)
def test_base_url_knows_this_machine(host: str, expected: bool) -> None:
    """A proxy is used for other machines only."""
    assert parse_base_url(f"http://{host}:1/v1").is_loopback is expected


def test_key_never_shows_itself() -> None:
    """Neither as text, nor within what holds it, nor as JSON."""
    key = ApiKey("sk-secret")
    assert "secret" not in f"{key} {key!r} {[key]}"
    with pytest.raises(TypeError):
        msgspec.json.encode(key)


def test_key_of_our_own_variable_goes_anywhere() -> None:
    """Who sets STREAMTALK_LLM_API_KEY means this server, and it comes first."""
    environment = {"STREAMTALK_LLM_API_KEY": "own", "OPENAI_API_KEY": "shared"}
    for base in (CLOUD, LAN, LOCAL):
        key = api_key(environment, base, configured=False)
        assert key is not None
        assert key.reveal() == "own"


def test_key_of_openai_stays_where_it_is_meant_for() -> None:
    """OPENAI_API_KEY goes to a configured server, but not in the clear nor to one merely found."""
    environment = {"OPENAI_API_KEY": "shared"}
    assert api_key(environment, CLOUD, configured=True) is not None
    assert api_key(environment, LOCAL, configured=True) is not None
    assert api_key(environment, LAN, configured=True) is None
    assert api_key(environment, LOCAL, configured=False) is None


@pytest.mark.parametrize(
    "wanted, strict, expected",
    [
        ("", True, "llama3:latest"),
        ("llama3", True, "llama3:latest"),
        ("qwen3:4b", True, "qwen3:4b"),
        ("other", True, None),
        ("other", False, "other"),
    ],
)
def test_model_is_the_wanted_or_the_first_that_chats(
    wanted: str, strict: bool, expected: str | None
) -> None:
    """Embedding, speech and picture models are passed over."""
    offered = ["nomic-embed-text", "whisper-1", "bge-m3", "llama3:latest", "qwen3:4b"]
    assert choose_model(offered, wanted, strict=strict) == expected


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"data": 3}', b'{"data": [3]}', b"<html>"])
def test_list_that_is_none_is_refused(body: bytes) -> None:
    """A server that is not OpenAI-compatible is told apart from one without models."""
    with pytest.raises(Exception, match="OpenAI-compatible"):
        read_models(body)


def test_list_without_models_is_empty() -> None:
    """Ollama without a model says `null`."""
    assert read_models(b'{"object": "list", "data": null}') == ()
