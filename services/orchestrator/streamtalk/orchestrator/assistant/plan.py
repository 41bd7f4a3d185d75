"""From what a person said to a planned reply; no clock, no I/O, no chance."""

from typing import Final

from streamtalk.orchestrator.assistant import chinese
from streamtalk.orchestrator.assistant.answer import Context, Plan
from streamtalk.orchestrator.assistant.clock import CLOCK
from streamtalk.orchestrator.assistant.phrases import understand
from streamtalk.orchestrator.assistant.small_talk import SMALL_TALK, fallback
from streamtalk.orchestrator.assistant.timer_talk import TIMER_TALK
from streamtalk.orchestrator.assistant.words import words_of
from streamtalk.orchestrator.splitter import is_cjk

_HANDLERS: Final = {**CLOCK, **TIMER_TALK, **SMALL_TALK}
FALLBACK: Final = "fallback"
"""The intent of what was not understood."""


def plan(text: str, context: Context) -> Plan:
    """Plan the reply to `text`, in English or in Chinese, whichever it is written in.

    Pure: it may be called for a guess of what is being said, as often as one likes. Apply the
    effects once, at commit.
    """
    if any(map(is_cjk, text)):
        intent, answer = chinese.respond(text, context)
        return Plan(answer.text, answer.effects, intent)
    found = None if context.rejected else understand(words_of(text), context.last_intent)
    if found is None:
        answer = fallback(text.strip(), context)
        return Plan(answer.text, answer.effects, FALLBACK)
    intent, slots = found
    answer = _HANDLERS[intent](slots, context)
    return Plan(answer.text, answer.effects, intent)
