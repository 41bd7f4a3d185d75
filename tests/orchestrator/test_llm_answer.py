"""An answer from any engine, and once more when the conversation was too long."""

import asyncio

import pytest

from streamtalk.cli.chaos.llm_server import TEXT, LlmServer
from streamtalk.orchestrator.context import Context, PastTurn, Window
from streamtalk.orchestrator.llm.answer import answer
from streamtalk.orchestrator.llm.client import OpenAiLlm
from streamtalk.orchestrator.llm.config import LlmConfig
from streamtalk.orchestrator.llm.discovery import Found
from streamtalk.orchestrator.llm.engine import LlmEngine
from streamtalk.orchestrator.llm.errors import LlmContextError
from streamtalk.orchestrator.llm.scripted import ScriptedLlm, ScriptedLlmConfig

pytestmark = pytest.mark.process

HISTORY = tuple(
    PastTurn(user_text=f"Question {n}", heard_text="An answer of some length. " * 4)
    for n in range(60)
)


async def collect(engine: LlmEngine, context: Context, window: Window) -> list[str]:
    """All pieces of one answer."""
    return [piece async for piece in answer(engine, context, window)]


def ask(server: LlmServer, *contexts: Context) -> tuple[list[str], Window]:
    """One answer to each context, with one window."""
    window = Window(3_000)

    async def main() -> list[str]:
        async with server.running():
            found = Found(server="test", base_url=server.base_url, model="tiny-chat")
            client = OpenAiLlm(LlmConfig(), found)
            try:
                return ["".join(await collect(client, c, window)) for c in contexts]
            finally:
                await client.close()

    return asyncio.run(main()), window


def test_answer_is_asked_again_with_less_history() -> None:
    """The server's refusal costs one request, and the next turn fits at once."""
    server = LlmServer()
    server.context_chars = 5_000
    context = Context(user_text="Now?", history=HISTORY)
    texts, window = ask(server, context, context)
    assert texts == [TEXT, TEXT]
    assert len(server.requests) == 3
    assert window.tokens < 3_000
    assert server.requests[1]["messages"][0] == server.requests[0]["messages"][0]
    assert server.requests[1]["messages"][-1]["content"] == "Now?"


def test_answer_gives_up_when_half_is_still_too_much() -> None:
    """There is one repetition, not a search."""
    server = LlmServer()
    server.context_chars = 10
    with pytest.raises(LlmContextError):
        ask(server, Context(user_text="Now?", history=HISTORY))
    assert len(server.requests) == 2


def test_scripted_engine_says_exactly_its_tokens() -> None:
    """Token for token, whatever was asked, for any number of callers."""
    engine = ScriptedLlm(ScriptedLlmConfig(tokens=("One. ", "", "Two."), token_ms=1.0))

    async def main() -> list[list[str]]:
        calls = [collect(engine, Context(user_text=str(n)), Window(100)) for n in range(3)]
        return await asyncio.gather(*calls)

    assert asyncio.run(main()) == [["One. ", "", "Two."]] * 3
