"""The sentences of the assistant in English: one table for the parser and the grammar."""

from typing import Final

from streamtalk.orchestrator.assistant.arithmetic import read_expression
from streamtalk.orchestrator.assistant.durations import UNIT_S, read_duration
from streamtalk.orchestrator.assistant.numerals import read_number
from streamtalk.orchestrator.assistant.pattern import Matcher, Slots
from streamtalk.orchestrator.assistant.words import MAX_WORDS, Words, starts_with

LABELS: Final = (
    *("tea", "coffee", "egg", "pasta", "rice", "pizza", "cake", "bread", "oven", "kitchen"),
    *("laundry", "workout", "break", "meeting", "nap", "homework", "dinner", "lunch"),
)
"""Names of timers that can be recognised from speech by grammar."""

INTENTS: Final = {
    "time": (
        "(<what_is> the time | what time is it | tell me the time"
        " | (do you know | tell me) what time it is"
        " | do you have the time) [now | right now]"
    ),
    "time_in": "what time will it be in <duration> | <what_is> the time in <duration>",
    "date": (
        "(<what_is> (the date | today's date) | what day is it | what date is it"
        " | tell me the date | what day of the week is it) [today]"
        " | what day is today | <what_is> today"
    ),
    "tomorrow": "what day is tomorrow | what day is it tomorrow | what day will it be tomorrow",
    "yesterday": "what day was yesterday | what day was it yesterday",
    "month": "what month is it | <what_is> the month",
    "year": "what year is it | <what_is> the year",
    "arithmetic": "[<what_is> | how much is | calculate | work out] <expression>"
    " | what does <expression> (make | equal)",
    "timer_set": (
        "<set> (a | the | another | me a) ([<label>] timer (for | of) <duration>"
        " | <duration> [<label>] timer) | [a] timer for <duration>"
        " | (wake | remind | tell) me in <duration>"
    ),
    "reminder_set": ("remind me in <duration> <errand> | remind me <errand_in> <duration>"),
    "timer_ask": "<set> (a | the | another | me a) [<label>] timer",
    "timer_cancel": (
        "(cancel | delete | remove | clear) [the | my | that] [<duration> | <label>] timer"
        " | (stop | end) (the | my | that) [<duration> | <label>] timer"
    ),
    "timer_cancel_all": (
        "(cancel | delete | remove | clear | stop) (all | all the | all my | all of my | the | my)"
        " timers"
    ),
    "timer_list": (
        "how (much time | long) is left [on (the | my) [<label>] timer]"
        " | how (much time | long) do i have left"
        " | what timers (are running | are set | do i have) | list [all] [the | my] timers"
        " | check (the | my) [<label>] (timer | timers) | are there any timers"
    ),
    "stop": (
        "stop | stop it | stop that | stop talking | stop speaking | be quiet | quiet | silence"
        " | shut up | hush | enough | that's enough | cancel | cancel that"
    ),
    "repeat": (
        "repeat | repeat that | repeat it | say that again | say it again | again | once more"
        " | what did you say | what did you just say | i didn't (hear | get | catch) (that | you)"
        " | pardon | pardon me | come again"
    ),
    "what_i_said": (
        "what did i say | what did i just say | what did you hear | what have i said"
        " | what was my question"
    ),
    "slower": (
        "slower | a little slower | slow down | <talk> slower | <talk> more slowly | <talk> slowly"
        " | not so fast | too fast | that's too fast | you (are talking | talk | speak) too fast"
    ),
    "faster": (
        "faster | a little faster | speed up | <talk> faster | <talk> more quickly | too slow"
        " | that's too slow | you (are talking | talk | speak) too slowly"
    ),
    "normal_speed": "normal speed | default speed | <talk> normally | <talk> at normal speed",
    "louder": (
        "louder | a little louder | <talk> louder | speak up | volume up | turn it up"
        " | turn up the volume | turn the volume up | i can't hear you | too quiet"
        " | that's too quiet"
    ),
    "quieter": (
        "quieter | softer | a little quieter | <talk> (quieter | softer | more quietly)"
        " | volume down | turn it down | turn down the volume | turn the volume down"
        " | not so loud | too loud | that's too loud"
    ),
    "normal_volume": "normal volume | default volume | reset the volume",
    "help": (
        "help | help me | i need help | what can you do | what can i (say | ask | do)"
        " | what do you know | how does this work | how do you work"
    ),
    "who": "who are you | what are you | <what_is> your name | tell me about yourself",
    "how_are_you": "how are you | how are you doing | how are you today | how is it going",
    "greeting": (
        "hello | hi | hey | hi there | hello there | good morning | good afternoon | good evening"
    ),
    "thanks": (
        "thanks | thank you | thank you very much | thank you so much | thanks a lot | many thanks"
    ),
    "goodbye": "goodbye | good bye | bye | bye bye | good night | see you | see you later",
    "can_you_hear": "can you hear me | do you hear me | are you there | are you listening",
    "agree": "okay | all right | never mind | forget it",
}
"""Each intent and every way to say it."""

FOLLOW_UPS: Final = {"timer_ask": {"timer_length": "[for] <duration>"}}
"""After the intent on the left these are understood as well."""

SHARED: Final = {
    "what_is": "what is | what's",
    "set": "set | start | create | make",
    "talk": "speak | talk",
    "polite": "please | could you | can you | hey",
}
"""Rules that several sentences use."""

NOT_SPOKEN: Final = frozenset({"reminder_set"})
"""Intents with free text, which no grammar can listen for."""

_BEFORE: Final = (
    *("please", "could you", "can you", "would you", "will you", "hey", "hey computer"),
    "computer",
    *("okay", "so", "well", "um", "uh", "and", "now", "just", "hello", "hi", "i want to know"),
    *("i would like to know", "i'd like to know", "i want you to", "i would like you to"),
    *("tell me", "do you know", "okay computer", "i said", "then"),
)
_AFTER: Final = (
    *("please", "thanks", "thank you", "now", "for me", "computer", "right now", "then", "again"),
    *("will you", "would you", "could you", "equal", "make"),
)
_NO_LABEL: Final = frozenset(
    {"a", "the", "my", "all", "another", "timer", "timers", "for", "of", "any", "every", "each"}
)
_MAX_LABEL_WORDS: Final = 3


def read_label(words: Words, at: int) -> tuple[str, int] | None:
    """The name of a timer: up to three words before `timer`."""
    for end in range(at + 1, min(at + _MAX_LABEL_WORDS, len(words) - 1) + 1):
        if _NO_LABEL.intersection(words[at:end]) or read_duration(words, at):
            return None
        if words[end] in {"timer", "timers"}:
            return " ".join(words[at:end]), end
    return None


def _read_errand(words: Words, at: int) -> tuple[str, int] | None:
    """What to be reminded of: all the rest, after `to`."""
    if at + 1 < len(words) and words[at] == "to":
        return _errand(words[at:]), len(words)
    return None


def _read_errand_before_in(words: Words, at: int) -> tuple[str, int] | None:
    for end in range(len(words) - 2, at + 1, -1):
        if words[end] == "in" and words[at] == "to":
            return _errand(words[at:end]), end + 1
    return None


def _errand(words: Words) -> str:
    own = {"my": "your", "me": "you", "i": "you", "myself": "yourself"}
    return " ".join(own.get(word, word) for word in words)


_SLOTS: Final = {
    "number": read_number,
    "expression": read_expression,
    "duration": read_duration,
    "label": read_label,
    "errand": _read_errand,
    "errand_in": _read_errand_before_in,
}
_FOLLOWING: Final = {name: body for rules in FOLLOW_UPS.values() for name, body in rules.items()}
_MATCHER: Final = Matcher(SHARED | INTENTS | _FOLLOWING, _SLOTS)
UNITS: Final = tuple(UNIT_S)
"""Singular units of time."""


def understand(words: Words, last_intent: str = "") -> tuple[str, Slots] | None:
    """The intent of `words` and its slots; politeness around it is ignored."""
    if not words or len(words) > MAX_WORDS:
        return None
    names = (*INTENTS, *FOLLOW_UPS.get(last_intent, ()))
    for inner in _peeled(words):
        for name in names:
            if (slots := _MATCHER.match(name, inner)) is not None:
                return name, slots
    return None


def _peeled(words: Words) -> list[Words]:
    """`words` with more and more politeness taken off, the fullest first."""
    forms, seen = [words], {tuple(words)}
    for form in forms:
        starts = [form[starts_with(form, 0, phrase) :] for phrase in _BEFORE]
        ends = [form[: len(form) - len(phrase.split())] for phrase in _AFTER if _ends(form, phrase)]
        for shorter in (*starts, *ends):
            if shorter and tuple(shorter) not in seen:
                seen.add(tuple(shorter))
                forms.append(shorter)
    return forms


def _ends(words: Words, phrase: str) -> bool:
    at = len(words) - len(phrase.split())
    return at > 0 and starts_with(words, at, phrase) > 0
