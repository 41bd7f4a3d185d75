"""A model that says exactly what it was told, when it was told to: for benchmarks and tests."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Annotated, ClassVar

import msgspec

from streamtalk.orchestrator.llm.engine import ChatMessage

Milliseconds = Annotated[float, msgspec.Meta(ge=0.0)]


class ScriptedLlmConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The words and their times."""

    tokens: tuple[str, ...] = ("This ", "is ", "a ", "scripted ", "answer.")
    """Yielded one by one, unchanged."""

    first_token_ms: Milliseconds = 0.0
    """From the call to the first token."""

    token_ms: Milliseconds = 0.0
    """Between tokens; due times are counted from the first, so that delays do not add up."""


class ScriptedLlm:
    """Implements `LlmEngine` without a model; any number of calls run side by side."""

    label: ClassVar[str] = "scripted"

    def __init__(self, settings: ScriptedLlmConfig) -> None:
        self._settings = settings

    async def load(self) -> None:
        """There is nothing to load."""

    async def stream(self, messages: Sequence[ChatMessage]) -> AsyncGenerator[str, None]:  # noqa: ARG002 - the script is the answer to everything
        """Yield the tokens at their due times."""
        clock = asyncio.get_running_loop().time
        due_s = clock() + self._settings.first_token_ms / 1000
        for token in self._settings.tokens:
            await asyncio.sleep(max(0.0, due_s - clock()))
            yield token
            due_s += self._settings.token_ms / 1000

    async def close(self) -> None:
        """There is nothing to close."""
