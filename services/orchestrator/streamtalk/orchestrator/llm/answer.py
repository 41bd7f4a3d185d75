"""An answer to a context, asked for again with less history where it was too long."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from streamtalk.orchestrator.context import Context, Window, build_messages
from streamtalk.orchestrator.llm.engine import LlmEngine
from streamtalk.orchestrator.llm.errors import LlmContextError


async def answer(engine: LlmEngine, context: Context, window: Window) -> AsyncGenerator[str, None]:
    """Yield the engine's answer; after one overflow the window is halved for this and later turns.

    Raises LlmError. Cancel it as `LlmEngine.stream`.
    """
    messages = build_messages(context, window.tokens)
    try:
        async with aclosing(engine.stream(messages)) as texts:
            async for text in texts:
                yield text
    except LlmContextError:
        if not window.shrink(messages):
            raise
    else:
        return
    async with aclosing(engine.stream(build_messages(context, window.tokens))) as texts:
        async for text in texts:
            yield text
