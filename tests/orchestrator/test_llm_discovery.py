"""Finding a server, or saying why there is none."""

import asyncio
import socket

import pytest

from streamtalk.cli.chaos.llm_server import LlmServer
from streamtalk.orchestrator.llm import discovery
from streamtalk.orchestrator.llm.config import LlmConfig
from streamtalk.orchestrator.llm.discovery import Found, NotFound, probe
from streamtalk.proto.errors import ConfigError

pytestmark = pytest.mark.process


def look(server: LlmServer, model: str = "") -> Found | NotFound:
    """Probe for a running server at its own address."""

    async def main() -> Found | NotFound:
        async with server.running():
            config = LlmConfig(base_url=server.base_url, model=model)
            return await probe(config, {"STREAMTALK_LLM_API_KEY": "sk-secret"})

    return asyncio.run(main())


def test_probe_finds_the_first_model_that_chats() -> None:
    """The configured server is asked with its key; the embedding model is passed over."""
    server = LlmServer()
    found = look(server)
    assert isinstance(found, Found)
    assert (found.server, found.model) == ("configured", "tiny-chat")
    assert server.keys == ["Bearer sk-secret"]
    assert "sk-secret" not in repr(found)


def test_probe_says_that_a_server_has_no_model() -> None:
    """A server that was just installed is told apart from none."""
    server = LlmServer()
    server.models = ["nomic-embed-text"]
    outcome = look(server)
    assert isinstance(outcome, NotFound)
    assert "no model that chats" in outcome.reasons[0]


def test_probe_believes_a_person_who_names_server_and_model() -> None:
    """A server that lists nothing, or cannot list, is used with the configured model."""
    server = LlmServer()
    server.models = []
    found = look(server, model="my-model")
    assert isinstance(found, Found)
    assert found.model == "my-model"


def test_probe_prefers_lm_studio_and_falls_back_to_ollama(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both usual places are tried; the first that has the wanted model wins."""

    async def main() -> list[Found | NotFound]:
        first, second = LlmServer(), LlmServer()
        second.models = ["qwen3:4b"]
        async with first.running(), second.running():
            places = {"lmstudio": first.base_url, "ollama": second.base_url}
            monkeypatch.setattr(discovery, "LOCAL_SERVERS", places)
            configs = (LlmConfig(), LlmConfig(model="qwen3:4b"), LlmConfig(model="none"))
            return [await probe(config, {}) for config in configs]

    preferred, wanted, missing = asyncio.run(main())
    assert isinstance(preferred, Found)
    assert preferred.server == "lmstudio"
    assert isinstance(wanted, Found)
    assert (wanted.server, wanted.model) == ("ollama", "qwen3:4b")
    assert isinstance(missing, NotFound)
    assert "tiny-chat" in missing.reasons[0]


def test_probe_gives_a_reason_for_each_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed port and a server that accepts but never answers are told apart, in time."""

    async def main() -> Found | NotFound:
        closed = LlmServer()
        async with closed.running():
            pass
        with socket.create_server(("127.0.0.1", 0)) as deaf:
            deaf_url = f"http://127.0.0.1:{deaf.getsockname()[1]}/v1"
            places = {"lmstudio": closed.base_url, "ollama": deaf_url}
            monkeypatch.setattr(discovery, "LOCAL_SERVERS", places)
            async with asyncio.timeout(10):
                return await probe(LlmConfig(probe_s=0.2), {})

    outcome = asyncio.run(main())
    assert isinstance(outcome, NotFound)
    assert "has no server" in outcome.reasons[0]
    assert "did not answer within 0.2 s" in outcome.reasons[1]


def test_probe_refuses_an_address_that_is_none() -> None:
    """A slip in the configuration is not a server that is away."""
    with pytest.raises(ConfigError):
        asyncio.run(probe(LlmConfig(base_url="localhost:1234"), {}))
