"""Which language model answers at the moment: found in the background, none needed to begin."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import Final

from streamtalk.orchestrator.config import OrchestratorConfig
from streamtalk.orchestrator.context import SPOKEN_STYLE, Context, Window
from streamtalk.orchestrator.llm.answer import answer
from streamtalk.orchestrator.llm.engine import LlmEngine
from streamtalk.orchestrator.llm.errors import LlmUnreachableError
from streamtalk.orchestrator.llm.scripted import ScriptedLlm
from streamtalk.orchestrator.memory import Memory
from streamtalk.orchestrator.thinking_loop import ThinkingLoop
from streamtalk.proto.errors import StreamTalkError

_SEARCH_S: Final = 3.0
"""How often a language model is looked for while there is none."""


class LanguageModels:
    """Keeps `engine` up to date; None means that the built-in assistant answers."""

    def __init__(
        self,
        config: OrchestratorConfig,
        loop: ThinkingLoop,
        log: logging.Logger,
        on_change: Callable[[], None],
    ) -> None:
        self._config = config
        self._loop = loop
        self._log = log
        self._on_change = on_change
        self._window = Window(config.llm.context_tokens)
        self._doubt = asyncio.Event()
        self.engine: LlmEngine | None = None
        self.reasons: tuple[str, ...] = ()
        if config.llm_engine == "scripted":
            self.engine = ScriptedLlm(config.scripted_llm)

    @property
    def label(self) -> str:
        """What answers, for reports."""
        return self.engine.label if self.engine is not None else "builtin"

    def start(self) -> None:
        """Begin to look for a server, where the configuration wants one."""
        if self._config.llm_engine in ("auto", "openai"):
            self._loop.spawn(self._search)

    async def stream(
        self, engine: LlmEngine, user_text: str, memory: Memory, said: str = ""
    ) -> AsyncGenerator[str, None]:
        """Yield the answer of a language model to what was said, or the rest after `said` of it."""
        context = Context(
            user_text=user_text,
            said=said,
            history=tuple(memory.past),
            persona=self._config.persona or SPOKEN_STYLE,
        )
        try:
            async with aclosing(answer(engine, context, self._window)) as texts:
                async for text in texts:
                    yield text
        except LlmUnreachableError:
            self._doubt.set()
            raise

    async def _search(self) -> None:
        while True:
            self._doubt.clear()
            await self._look()
            with suppress(TimeoutError):
                period_s = _SEARCH_S if self.engine is None else self._config.llm.check_s
                async with asyncio.timeout(period_s):
                    await self._doubt.wait()

    async def _look(self) -> None:
        from streamtalk.orchestrator.llm.discovery import Found, probe  # noqa: PLC0415 — heavy

        try:
            found = await probe(self._config.llm)
        except StreamTalkError as error:
            self.reasons = (str(error),)
            return
        if isinstance(found, Found):
            label = f"{found.server}:{found.model}"
            if self.engine is None or self.engine.label != label:
                from streamtalk.orchestrator.llm.client import OpenAiLlm  # noqa: PLC0415 — heavy

                engine = OpenAiLlm(self._config.llm, found)
                await engine.load()
                await self._replace(engine)
        else:
            self.reasons = found.reasons
            await self._replace(None)

    async def _replace(self, engine: LlmEngine | None) -> None:
        old, self.engine = self.engine, engine
        if old is not engine:
            self._log.info("language model", extra={"fields": {"engine": self.label}})
            self._on_change()
        if old is not None and old is not engine:
            self._loop.spawn(lambda: self._retire(old))

    async def _retire(self, engine: LlmEngine) -> None:
        """Close an engine when no answer of it can be under way any more."""
        await asyncio.sleep(self._config.llm.answer_s)
        await engine.close()
