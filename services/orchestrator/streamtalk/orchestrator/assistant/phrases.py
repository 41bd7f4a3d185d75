"""The sentences of the assistant in English: one table for the parser and the grammar."""

from typing import Final

from streamtalk.orchestrator.assistant.arithmetic import read_expression
from streamtalk.orchestrator.assistant.durations import read_duration
from streamtalk.orchestrator.assistant.numerals import read_number
from streamtalk.orchestrator.assistant.pattern import Matcher, Slots
from streamtalk.orchestrator.assistant.words import MAX_WORDS, Words, starts_with

LABELS: Final = (
    *("tea", "coffee", "egg", "pasta", "rice", "pizza", "cake", "bread", "oven", "laundry"),
    *("workout", "break", "meeting", "nap"),
)
"""Names of timers that can be listened for; any other may be written."""

SPOKEN: Final = {
    "time": "what time is it [now] | <what_is> the time | tell me the time",
    "date": "<what_is> (the date | today's date) | what day is it [today] | what day is today",
    "tomorrow": "what day is tomorrow | what day is it tomorrow",
    "year": "what year is it",
    "arithmetic": "(<what_is> | how much is | calculate) <expression>",
    "timer_set": (
        "([<set> (a | another) [<label>]] timer for | (wake | remind) me in) <duration>"
        " | <set> (a | another) <length> [<label>] timer"
    ),
    "timer_ask": "<set> a [<label>] timer",
    "timer_cancel": "(cancel | stop) (the | my) [<length> | <label>] timer",
    "timer_cancel_all": "(cancel | stop) (all | all the | all my | the | my) timers",
    "timer_list": (
        "how (much time | long) is left [on (the | my) [<label>] timer]"
        " | what timers are running | list [my] timers"
    ),
    "stop": "stop | stop it | stop talking | be quiet | quiet | shut up",
    "repeat": "repeat | repeat that | say that again | what did you say | pardon",
    "what_i_said": "what did i say | what did you hear",
    "slower": "slower | slow down | <talk> slower | too fast",
    "faster": "faster | speed up | <talk> faster | too slow",
    "normal_speed": "normal speed",
    "louder": "louder | <talk> louder | speak up | volume up | i can't hear you",
    "quieter": "quieter | softer | <talk> quieter | volume down | too loud",
    "normal_volume": "normal volume",
    "help": "help | help me | what can you do | what can i say",
    "who": "who are you | <what_is> your name",
    "how_are_you": "how are you",
    "greeting": "hello | hi | hello there | good morning | good afternoon | good evening",
    "thanks": "thanks | thank you | thank you very much",
    "goodbye": "goodbye | bye bye | good night | see you later",
    "can_you_hear": "can you hear me | are you there",
    "agree": "okay | never mind",
}
"""Each intent and the ways to say it that a recogniser listens for.

Every sentence more makes all others harder to tell apart, so these are the likely ones.
"""

WRITTEN: Final = {
    "time": (
        "(what time is it | <what_is> the time | (do you know | tell me) what time it is"
        " | tell me the time | do you have the time) [now | right now]"
    ),
    "time_in": "what time will it be in <duration> | <what_is> the time in <duration>",
    "date": (
        "(what date is it | tell me the date | what day of the week is it) [today]"
        " | <what_is> (the date today | today)"
    ),
    "tomorrow": "what day will it be tomorrow",
    "yesterday": "what day was yesterday | what day was it yesterday",
    "month": "what month is it | <what_is> the month",
    "year": "<what_is> the year",
    "arithmetic": "[work out | compute] <expression> | what does <expression> (make | equal)",
    "timer_set": (
        "(<set> | create | make) (a | the | me a) ([<label>] timer (for | of) <duration>"
        " | <duration> [<label>] timer) | a timer for <duration> | tell me in <duration>"
    ),
    "reminder_set": "remind me in <duration> <errand> | remind me <errand_in> <duration>",
    "timer_ask": "<set> (another | the | me a) [<label>] timer",
    "timer_cancel": (
        "(cancel | delete | remove | clear | stop | end) [the | my | that]"
        " [<duration> | <label>] timer"
    ),
    "timer_cancel_all": "(delete | remove | clear | cancel) (all | all of) [the | my] timers",
    "timer_list": (
        "how (much time | long) do i have left | what timers (are set | do i have)"
        " | list all [the | my] timers | check (the | my) [<label>] (timer | timers)"
        " | are there any timers"
    ),
    "stop": (
        "stop that | stop speaking | silence | hush | enough | that's enough | cancel | cancel that"
    ),
    "repeat": (
        "repeat it | say it again | again | once more | what did you just say"
        " | i didn't (hear | get | catch) (that | you) | pardon me | come again"
    ),
    "what_i_said": "what did i just say | what have i said | what was my question",
    "slower": (
        "a little slower | <talk> (more slowly | slowly) | not so fast | that's too fast"
        " | you (are talking | talk | speak) too fast"
    ),
    "faster": (
        "a little faster | <talk> more quickly | that's too slow"
        " | you (are talking | talk | speak) too slowly"
    ),
    "normal_speed": "default speed | <talk> normally | <talk> at normal speed",
    "louder": (
        "a little louder | turn it up | turn up the volume | turn the volume up | too quiet"
        " | that's too quiet"
    ),
    "quieter": (
        "a little quieter | <talk> (softer | more quietly) | turn it down | turn down the volume"
        " | turn the volume down | not so loud | that's too loud"
    ),
    "normal_volume": "default volume | reset the volume",
    "help": (
        "i need help | what can i (ask | do) | what do you know | how does this work"
        " | how do you work"
    ),
    "who": "what are you | tell me about yourself",
    "how_are_you": "how are you doing | how are you today | how is it going",
    "greeting": "hey | hi there",
    "thanks": "thank you so much | thanks a lot | many thanks",
    "goodbye": "bye | good bye | see you",
    "can_you_hear": "do you hear me | are you listening",
    "agree": "all right | forget it",
}
"""More ways, understood when they are typed or come from a recogniser of free speech."""

FOLLOW_UPS: Final = {"timer_ask": {"timer_length": "[for] <duration>"}}
"""After the intent on the left these are understood as well."""

SHARED: Final = {
    "what_is": "what is | what's",
    "set": "set | start",
    "talk": "speak | talk",
}
"""Rules that several sentences use."""

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
_MAX_FORMS: Final = 60


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
    "length": read_duration,
    "label": read_label,
    "errand": _read_errand,
    "errand_in": _read_errand_before_in,
}
_INTENTS: Final = {
    name: f"{SPOKEN.get(name, '')} | {WRITTEN.get(name, '')}".strip(" |")
    for name in (SPOKEN | WRITTEN)
}
_FOLLOWING: Final = {name: body for rules in FOLLOW_UPS.values() for name, body in rules.items()}
_MATCHER: Final = Matcher(SHARED | _INTENTS | _FOLLOWING, _SLOTS)


def understand(words: Words, last_intent: str = "") -> tuple[str, Slots] | None:
    """The intent of `words` and its slots; politeness around it is ignored."""
    if not words or len(words) > MAX_WORDS:
        return None
    names = (*_INTENTS, *FOLLOW_UPS.get(last_intent, ()))
    for inner in _peeled(words):
        for name in names:
            if (slots := _MATCHER.match(name, inner)) is not None:
                return name, slots
    return None


def _peeled(words: Words) -> list[Words]:
    """`words` with more and more politeness taken off, the fullest first."""
    forms, seen = [words], {tuple(words)}
    for form in forms:
        if len(forms) > _MAX_FORMS:
            break
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
