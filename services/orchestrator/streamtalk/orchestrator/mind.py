"""Who answers a turn, the built-in assistant or a language model, and what it sets in motion."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from streamtalk.orchestrator.assistant.answer import (
    CancelTimer,
    Effect,
    Plan,
    SetRate,
    SetTimer,
    SetVolume,
)
from streamtalk.orchestrator.assistant.plan import plan
from streamtalk.orchestrator.assistant.timers import Timer, TimerList
from streamtalk.orchestrator.exchange import Exchange
from streamtalk.orchestrator.memory import Memory
from streamtalk.orchestrator.models import LanguageModels
from streamtalk.orchestrator.ports import Reply, ReplyEvents
from streamtalk.orchestrator.thinking_loop import ThinkingLoop

_ALWAYS_BUILTIN: Final = frozenset({"repeat", "stop"})
"""Intents without lasting effects that need the conversation's own state, whoever else answers."""


class Said:
    """A reply that was there at once: there is nothing to cancel."""

    def cancel(self) -> None:
        """Nothing is running."""


@dataclass(frozen=True)
class EffectPorts:
    """How effects happen, at most once each, after they were written ahead."""

    set_timer: Callable[[Timer], None]
    cancel_timer: Callable[[str, str], None]
    set_setting: Callable[[str, str, float], None]


class Mind:
    """Plans first; what has an effect is applied after the turn was committed."""

    def __init__(
        self,
        models: LanguageModels,
        loop: ThinkingLoop,
        timers: TimerList,
        effects: EffectPorts,
        wall_clock_ns: Callable[[], int],
    ) -> None:
        self._models = models
        self._loop = loop
        self._timers = timers
        self._effects = effects
        self._wall_clock_ns = wall_clock_ns

    def think(self, session: str, memory: Memory, exchange: Exchange, events: ReplyEvents) -> Reply:
        """Begin to answer; the built-in assistant has answered when this returns."""
        engine, text, said = self._models.engine, exchange.user_text, exchange.prefix
        thought: Reply = Said()
        if engine is not None:
            # The model begins while the plan is made, which takes milliseconds and is rarely used.
            begin = partial(self._models.stream, engine, text, memory, said)
            thought = self._loop.stream(begin, events)
        planned = self._plan(session, memory, exchange)
        if engine is not None and not planned.effects and planned.intent not in _ALWAYS_BUILTIN:
            return thought
        thought.cancel()
        self._apply(session, memory, exchange, planned)
        events.on_text(planned.reply_text)
        events.on_end()
        return Said()

    def _plan(self, session: str, memory: Memory, exchange: Exchange) -> Plan:
        transcript = exchange.transcript
        context = memory.assistant_context(
            datetime.now().astimezone(),
            time.monotonic_ns(),
            self._timers.of(session),
            rejected=transcript is not None and bool(transcript.rejected),
        )
        planned = plan(exchange.user_text, context)
        exchange.intent = "effect" if planned.effects else planned.intent
        return planned

    def _apply(self, session: str, memory: Memory, exchange: Exchange, planned: Plan) -> None:
        for number, effect in enumerate(planned.effects):
            self._apply_one(session, memory, f"{session}-{exchange.number}-{number}", effect)

    def _apply_one(self, session: str, memory: Memory, name: str, effect: Effect) -> None:
        if isinstance(effect, SetTimer):
            self._effects.set_timer(effect.timer(name, session, self._wall_clock_ns()))
        elif isinstance(effect, CancelTimer):
            for timer_id in effect.timer_ids:
                self._effects.cancel_timer(session, timer_id)
        elif isinstance(effect, SetRate):
            memory.rate = effect.rate
            self._effects.set_setting(session, "rate", effect.rate)
        elif isinstance(effect, SetVolume):
            memory.volume = effect.volume
            self._effects.set_setting(session, "volume", effect.volume)
