"""What the language model is told: persona, tool results, and as much history as fits."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from streamtalk.orchestrator.llm.engine import ChatMessage

INTERRUPTED: Final = "[interrupted]"
"""Stands at the end of an answer that the person cut off."""

SPOKEN_STYLE: Final = (
    "You are a friendly voice assistant in a spoken conversation. Answer in the person's language, "
    "in one to three short sentences of plain speech: no markdown, no lists, no emoji, no code "
    "unless asked. The person's words come from speech recognition and may be misheard. An answer "
    f"that ends in {INTERRUPTED} was cut off there by the person, who heard no more of it; never "
    "write that mark."
)
"""The persona where none is configured."""

_WIDE: Final = re.compile(
    "[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)
_MESSAGE_TOKENS: Final = 6
"""What a chat template adds around each message, estimated."""

BROKEN_OFF: Final = (
    "[The line was lost after these words. Go on from exactly there, in the same language, without "
    "repeating or explaining anything.]"
)
"""Asks for the rest of an answer whose beginning was heard."""


class PastTurn(msgspec.Struct, frozen=True, kw_only=True):
    """One finished exchange as the model is to remember it."""

    user_text: str = ""
    heard_text: str = ""
    """The prefix of the answer that was played, never what was merely written."""

    interrupted: bool = False
    tool_results: tuple[str, ...] = ()
    """What tools found out in this turn; kept when the turn itself is trimmed."""


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """All that an answer may be based on."""

    user_text: str
    said: str = ""
    """What was heard already of the answer to that, before it broke off."""

    history: tuple[PastTurn, ...] = ()
    persona: str = SPOKEN_STYLE
    facts: tuple[str, ...] = ()
    """Results of tools of the turn that is being answered."""


class Window:
    """The size of a model's context, learned downwards when the server says it was too much."""

    def __init__(self, tokens: int) -> None:
        self.tokens = tokens

    def shrink(self, messages: Sequence[ChatMessage]) -> bool:
        """Aim at half of what was just too much; False when nothing was left to trim."""
        self.tokens = min(self.tokens, estimate_messages(messages)) // 2
        return any(m.role == "assistant" for m in messages)


def estimate_tokens(text: str) -> int:
    """Tokens of `text`, rather too many than too few: one per wide character, else one per 3.5."""
    wide = len(_WIDE.findall(text))
    return wide + -(-(len(text) - wide) * 2 // 7)


def estimate_messages(messages: Sequence[ChatMessage]) -> int:
    """Tokens of a prompt, the template's own included."""
    return sum(estimate_tokens(m.content) + _MESSAGE_TOKENS for m in messages)


def build_messages(context: Context, budget_tokens: int) -> list[ChatMessage]:
    """The prompt: system, then user and assistant in turn, the person's words last.

    Behind them stands, of an answer that broke off, what was heard of it. The oldest turns are left
    out until the rest is within the budget; the system prompt with all tool results and the
    person's present words always stay. Roles alternate strictly, because the templates of many
    models refuse anything else.
    """
    system = ChatMessage("system", _system_text(context))
    question = [ChatMessage("user", context.user_text)]
    if context.said:
        heard = ChatMessage("assistant", context.said.rstrip())
        question += [heard, ChatMessage("user", BROKEN_OFF)]
    left = budget_tokens - estimate_messages([system, *question])
    kept: list[PastTurn] = []
    for turn in reversed(context.history):
        left -= estimate_messages(_turn_messages(turn))
        if left < 0:
            break
        kept.append(turn)
    spoken = [m for turn in reversed(kept) for m in _turn_messages(turn)]
    return [system, *_alternate([*spoken, *question])]


def _system_text(context: Context) -> str:
    results = [r for turn in context.history for r in turn.tool_results] + list(context.facts)
    if not results:
        return context.persona
    listed = "\n".join(f"- {result}" for result in results)
    return f"{context.persona}\n\nKnown from tools in this conversation, the latest last:\n{listed}"


def _turn_messages(turn: PastTurn) -> list[ChatMessage]:
    messages = []
    if turn.user_text:
        messages.append(ChatMessage("user", turn.user_text))
    if turn.heard_text:
        mark = f" {INTERRUPTED}" if turn.interrupted else ""
        messages.append(ChatMessage("assistant", turn.heard_text.rstrip() + mark))
    return messages


def _alternate(messages: list[ChatMessage]) -> list[ChatMessage]:
    """Join neighbours of one role; begin with the person."""
    joined: list[ChatMessage] = []
    for message in messages:
        if joined and joined[-1].role == message.role:
            text = f"{joined[-1].content}\n{message.content}"
            joined[-1] = ChatMessage(message.role, text)
        else:
            joined.append(message)
    if joined[0].role == "assistant":
        joined.insert(0, ChatMessage("user", "[silence]"))
    return joined
