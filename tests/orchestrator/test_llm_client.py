"""Streaming from a real server over a real socket, with everything that goes wrong in the wild."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager

import msgspec
import pytest

from streamtalk.cli.chaos.llm_server import FAULTS, TEXT, LlmServer
from streamtalk.orchestrator.llm.client import OpenAiLlm
from streamtalk.orchestrator.llm.config import LlmConfig
from streamtalk.orchestrator.llm.discovery import Found
from streamtalk.orchestrator.llm.engine import ChatMessage
from streamtalk.orchestrator.llm.errors import (
    LlmAuthError,
    LlmContextError,
    LlmError,
    LlmGarbageError,
    LlmModelError,
    LlmRateLimitedError,
    LlmServerError,
    LlmTimeoutError,
    LlmUnreachableError,
)
from streamtalk.runtime.api_key import ApiKey

pytestmark = pytest.mark.process

PROMPT = [ChatMessage("system", "Be brief."), ChatMessage("user", "CANARY, how are you?")]
QUICK = {"first_token_timeout_s": 0.4, "stall_timeout_s": 0.4, "answer_s": 5.0}
Scene = Callable[[LlmServer, OpenAiLlm], Awaitable[None]]


@asynccontextmanager
async def client_of(server: LlmServer, **settings: float) -> AsyncGenerator[OpenAiLlm, None]:
    """A client of a running server, closed afterwards."""
    config = msgspec.convert({**QUICK, "extra": {"seed": 3}, **settings}, LlmConfig)
    found = Found(
        server="test", base_url=server.base_url, model="tiny-chat", key=ApiKey("sk-secret")
    )
    client = OpenAiLlm(config, found)
    try:
        yield client
    finally:
        await client.close()


def play(scene: Scene, *faults: str, fault: str = "none", **settings: float) -> LlmServer:
    """Run a scene against a server; `faults` are those of its first requests."""
    server = LlmServer(fault=fault)
    server.faults = list(faults)

    async def main() -> None:
        async with server.running(), client_of(server, **settings) as client:
            await scene(server, client)

    asyncio.run(main())
    return server


async def collect(client: OpenAiLlm) -> tuple[str, LlmError | None]:
    """The text of one answer, and the error that ended it."""
    text = ""
    try:
        async for piece in client.stream(PROMPT):
            text += piece
    except LlmError as error:
        return text, error
    return text, None


def ask(fault: str, **settings: float) -> tuple[str, LlmError | None, LlmServer]:
    """One answer of a server with one fault."""
    outcome: list[tuple[str, LlmError | None]] = []

    async def scene(server: LlmServer, client: OpenAiLlm) -> None:
        outcome.append(await collect(client))

    server = play(scene, fault=fault, **settings)
    return (*outcome[0], server)


def test_client_asks_as_the_api_wants() -> None:
    """Model, messages, limits, extra fields and the key are in the request."""
    text, error, server = ask("none", temperature=0.5, max_tokens=7)
    assert (text, error) == (TEXT, None)
    request = server.requests[0]
    assert request["model"] == "tiny-chat"
    assert request["messages"][1] == {"role": "user", "content": PROMPT[1].content}
    assert (request["stream"], request["temperature"]) == (True, 0.5)
    assert (request["max_tokens"], request["seed"]) == (7, 3)
    assert server.keys == ["Bearer sk-secret"]


@pytest.mark.parametrize(
    "fault, expected",
    [
        ("broken_sse", TEXT),
        ("half_utf8", "café 你好 caf 好 "),
        ("half_emoji", "Yes  indeed"),
        ("huge_token", "Before. After."),
        ("null_deltas", TEXT),
        ("unknown_finish", TEXT),
        ("no_done", TEXT),
        ("thinking", TEXT),
        ("reasoning_content", TEXT),
        ("controls", "[31mred line\nnext"),
        ("whole", TEXT),
        ("deep", TEXT),
        ("endless", ("and so on " * 1_000)[:500]),
    ],
)
def test_client_makes_speech_of_odd_streams(fault: str, expected: str) -> None:
    """What can be understood is; what cannot is left out; nothing is without end."""
    text, error, server = ask(fault, answer_chars=500)
    assert (expected, None) == (text, error)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "fault, kind, said, requests",
    [
        ("unauthorized", LlmAuthError, "", 1),
        ("no_model", LlmModelError, "", 1),
        ("context", LlmContextError, "", 1),
        ("bad_request", LlmServerError, "", 1),
        ("redirect", LlmGarbageError, "", 1),
        ("rate_limited", LlmRateLimitedError, "", 2),
        ("failing", LlmServerError, "", 2),
        ("unavailable", LlmServerError, "", 2),
        ("slow_first", LlmTimeoutError, "", 2),
        ("reset_early", LlmUnreachableError, "", 2),
        ("stall", LlmTimeoutError, "The quick brown ", 1),
        ("reset", LlmUnreachableError, "The quick brown ", 1),
        ("no_finish", LlmUnreachableError, TEXT, 1),
        ("error_event", LlmServerError, "Well, ", 1),
        ("html", LlmGarbageError, "", 1),
        ("empty", LlmGarbageError, "", 1),
        ("endless_garbage", LlmGarbageError, "", 1),
    ],
)
def test_client_names_each_failure(
    fault: str, kind: type[LlmError], said: str, requests: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Each fault has its error, and is tried twice only where that helps and nothing was said."""
    caplog.set_level(logging.INFO)
    text, error, server = ask(fault)
    assert (said, kind) == (text, type(error))
    assert requests == len(server.requests)
    for secret in ("sk-secret", "SECRET", "CANARY"):
        assert secret not in f"{error} {caplog.text}"


def test_every_fault_of_the_server_is_covered() -> None:
    """A fault that is added to the server is added to the tables above."""
    marks = [
        mark
        for test in (test_client_makes_speech_of_odd_streams, test_client_names_each_failure)
        for mark in vars(test)["pytestmark"]
    ]
    covered = {row[0] for mark in marks for row in mark.args[1]}
    assert set(FAULTS) - covered == {"none", "stray_close"}


@pytest.mark.parametrize("fault", ["rate_limited", "failing", "slow_first", "reset_early"])
def test_client_succeeds_at_the_second_try(fault: str) -> None:
    """A server that stumbles once costs a moment, not the answer."""

    async def scene(server: LlmServer, client: OpenAiLlm) -> None:
        assert await collect(client) == (TEXT, None)
        assert len(server.requests) == 2

    play(scene, fault)


def test_client_says_that_nothing_listens() -> None:
    """A closed port is told by its address, at once."""

    async def main() -> None:
        server = LlmServer()
        async with server.running():
            pass
        async with client_of(server) as client:
            text, error = await collect(client)
        assert text == ""
        assert isinstance(error, LlmUnreachableError)
        assert server.base_url in str(error)

    asyncio.run(main())


def test_client_leaves_a_failed_server_alone() -> None:
    """While the circuit is open no request is made; afterwards the server is used again."""

    async def scene(server: LlmServer, client: OpenAiLlm) -> None:
        await collect(client)
        _, error = await collect(client)
        assert isinstance(error, LlmUnreachableError)
        assert len(server.requests) == 1
        await asyncio.sleep(0.2)
        assert await collect(client) == (TEXT, None)

    play(scene, "unauthorized", breaker_s=0.2)


def test_client_stays_closed_after_an_overflow() -> None:
    """A prompt that was too long says nothing against the server."""

    async def scene(server: LlmServer, client: OpenAiLlm) -> None:
        await collect(client)
        assert await collect(client) == (TEXT, None)

    play(scene, "context")


@pytest.mark.parametrize("fault", ["slow_first", "stall", "endless", "failing"])
def test_client_hangs_up_when_it_is_cancelled(fault: str) -> None:
    """In every phase the server sees the end within half a second, and is not blamed."""

    async def scene(server: LlmServer, client: OpenAiLlm) -> None:
        task = asyncio.create_task(collect(client))
        await server.until_asked(1)
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(0.5):
                await task
        async with asyncio.timeout(2.0):
            await server.until_open(0)
        server.fault = "none"
        assert await collect(client) == (TEXT, None)

    play(scene, fault=fault, answer_chars=10_000_000, first_token_timeout_s=9, stall_timeout_s=9)


def test_client_hangs_up_when_the_generator_is_closed() -> None:
    """A caller that has heard enough between two pieces closes the generator."""

    async def scene(server: LlmServer, client: OpenAiLlm) -> None:
        async with aclosing(client.stream(PROMPT)) as pieces:
            assert (await anext(pieces)).startswith("The ")
        async with asyncio.timeout(2.0):
            await server.until_open(0)

    play(scene, fault="stall")


def test_client_learns_that_a_model_thinks_first() -> None:
    """After one stray `</think>` the next answer is held back until the reasoning has ended."""

    async def scene(server: LlmServer, client: OpenAiLlm) -> None:
        await collect(client)
        assert await collect(client) == (TEXT, None)

    play(scene, fault="stray_close")


def test_client_serves_many_at_once() -> None:
    """Conversations do not wait for one another."""

    async def scene(server: LlmServer, client: OpenAiLlm) -> None:
        server.gate.clear()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(collect(client)) for _ in range(16)]
            await server.until_open(16)
            server.gate.set()
        assert [task.result() for task in tasks] == [(TEXT, None)] * 16

    play(scene, first_token_timeout_s=60.0, stall_timeout_s=60.0, answer_s=60.0)
