"""What the conversation needs of a language model."""

from collections.abc import AsyncGenerator, Sequence
from typing import Literal, Protocol

import msgspec


class ChatMessage(msgspec.Struct, frozen=True):
    """One message of the prompt, in the form of the chat API."""

    role: Literal["system", "user", "assistant"]
    content: str


class LlmEngine(Protocol):
    """A model that streams its answer as text fit to be spoken."""

    @property
    def label(self) -> str:
        """Server and model for reports, such as `ollama:qwen3:4b`."""
        ...

    async def load(self) -> None:
        """Import and prepare what the first call would wait for; harmless when repeated."""
        ...

    def stream(self, messages: Sequence[ChatMessage]) -> AsyncGenerator[str, None]:
        """Yield the answer in pieces, without control characters and without reasoning.

        Raises LlmError, before or after the first piece. To cancel, cancel the task that iterates,
        or `aclose()` the generator between two pieces: the connection is closed within 500 ms.
        """
        ...

    async def close(self) -> None:
        """Close connections; the engine is not used afterwards."""
        ...
