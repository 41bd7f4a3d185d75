"""The fixed sentences of the assistant, and the ones about the conversation itself."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, cast

from streamtalk.orchestrator.assistant.answer import Answer, Context, StopSpeaking
from streamtalk.orchestrator.assistant.arithmetic import Result
from streamtalk.orchestrator.assistant.pattern import Slots
from streamtalk.orchestrator.assistant.voice import CHANGES, Change, change

_QUOTED_CHARS: Final = 100
_FIXED: Final = {
    "help": (
        "I'm the built-in assistant. Ask me for the time or the date, or a calculation,"
        " like seven times eight. Say, set a timer for five minutes."
        " You can also say slower, louder, repeat that, or stop."
    ),
    "who": (
        "I'm the assistant that is built into Stream Talk. I need no network and no model,"
        " so I know only a few things. Say help to hear them."
    ),
    "how_are_you": "I'm fine, thank you. What can I do for you?",
    "thanks": "You're welcome.",
    "goodbye": "Goodbye!",
    "can_you_hear": "Yes, I can hear you.",
    "agree": "Okay.",
}
_VOICE: Final[dict[Change, tuple[str, str]]] = {
    "slower": ("Okay, I'll speak slower.", "This is as slow as I can speak."),
    "faster": ("Okay, I'll speak faster.", "This is as fast as I can speak."),
    "normal_speed": ("Okay, back to normal speed.", ""),
    "louder": ("Okay, I'll speak louder.", "This is as loud as I can speak."),
    "quieter": ("Okay, I'll speak more quietly.", "This is as quiet as I can speak."),
    "normal_volume": ("Okay, back to normal volume.", ""),
}
_NOON: Final = 12
_EVENING: Final = 18


def quoted(text: str) -> str:
    """The first words of `text`, short enough to be said again."""
    if len(text) <= _QUOTED_CHARS:
        return text
    return text[:_QUOTED_CHARS].rsplit(" ", 1)[0] + " …"


def fallback(text: str, context: Context) -> Answer:
    """The honest answer to what was not understood: what was heard, and what to do."""
    if not text:
        heard = "I heard you, but I could not make out the words."
    elif context.rejected:
        heard = f"I think I heard, {quoted(text).rstrip('.!?')}. But I'm not sure."
    else:
        heard = "Sorry, I don't know how to help with that."
    if context.last_intent == "fallback":
        return Answer(f"{heard} Say help to hear what I can do.")
    return Answer(
        f"{heard} I'm only the built-in assistant. I can tell the time and the date,"
        " calculate, and set timers. To talk about anything, start LM Studio or Ollama"
        " on this computer, and it will answer instead of me."
    )


def _stop(_slots: Slots, _context: Context) -> Answer:
    return Answer("Okay.", (StopSpeaking(),))


def _repeat(_slots: Slots, context: Context) -> Answer:
    return Answer(context.last_reply or "I haven't said anything yet.")


def _what_i_said(_slots: Slots, context: Context) -> Answer:
    if not context.last_user_text:
        return Answer("You haven't said anything before this.")
    return Answer(f"You said: {quoted(context.last_user_text).rstrip('.!?')}.")


def _greeting(_slots: Slots, context: Context) -> Answer:
    hour = context.now.hour
    part = "morning" if hour < _NOON else "afternoon" if hour < _EVENING else "evening"
    return Answer(f"Good {part}! What can I do for you?")


def _arithmetic(slots: Slots, _context: Context) -> Answer:
    return Answer(cast("Result", slots["expression"]).sentence())


def _fixed(text: str) -> Callable[[Slots, Context], Answer]:
    return lambda _slots, _context: Answer(text)


def _voice(asked: Change, _slots: Slots, context: Context) -> Answer:
    effect = change(context, asked)
    done, at_limit = _VOICE[asked]
    return Answer(done, (effect,)) if effect else Answer(at_limit)


SMALL_TALK: Final[Mapping[str, Callable[[Slots, Context], Answer]]] = {
    "stop": _stop,
    "repeat": _repeat,
    "what_i_said": _what_i_said,
    "greeting": _greeting,
    "arithmetic": _arithmetic,
    **{intent: _fixed(text) for intent, text in _FIXED.items()},
    **{asked: partial(_voice, asked) for asked in CHANGES},
}
"""Answers by intent."""
