"""English: which words end a turn and which want another one.

Works on recognisers' text, lower case and without punctuation, and uses punctuation where it is.
"""

import re
from typing import Final

from streamtalk.turn.verdict import (
    BACKCHANNEL,
    BROKEN,
    DOUBTFUL,
    LIKELY,
    UNKNOWN,
    WAIT,
    WHOLE,
    Verdict,
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORD: Final = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
_BREAKING_OFF: Final = re.compile(r"(?:\.\.+|…|,|;|:|-|–|—)\s*$")

FILLERS: Final = _words("um uh er erm uhm hmm hm like well so")
CONNECTORS: Final = _words(
    "and or but because cause if when while although though unless until till since whereas than "
    "whether plus then also as nor",
)
ARTICLES: Final = _words(
    "the a an my your his its our their every each some any another such "
    "very really quite too more most kind sort type whose",
)
PREPOSITIONS: Final = _words(
    "of to for from with at by about into onto between among during against toward towards without "
    "within upon via per in on",
)
AUXILIARIES: Final = _words(
    "is are was were am be been being has have had do does did will would can could "
    "should shall may "
    "might must gonna wanna gotta i'm i'll i'd i've you're we're they're he's she's it's there's "
    "that's what's who's where's how's let's isn't aren't don't doesn't didn't can't "
    "won't wouldn't",
)
PRONOUN_SUBJECTS: Final = _words("i we he she they")
OPEN_VERBS: Final = _words(
    "want need think guess mean wonder believe say tell set give make put send find get take add",
)
NUMBERS: Final = _words(
    "zero oh one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty "
    "ninety hundred thousand million point",
)
OPERATORS: Final = _words("plus minus times divided multiplied over percent squared")
QUESTION_OPENERS: Final = _words(
    "what who whom where when why how which whose is are was were do does did can could would will "
    "should have has may what's who's where's when's how's isn't aren't don't doesn't didn't can't",
)
COMMAND_OPENERS: Final = _words(
    "tell show set play stop turn switch open close start call send add remove delete "
    "cancel remind "
    "repeat read say write find search give make put take go come help explain describe translate "
    "speak talk wake let please skip pause resume mute list count convert calculate compare define",
)
SHORT_WHOLES: Final = _words(
    "yes no yeah yep nope sure okay ok thanks hello hi hey bye goodbye stop help repeat louder "
    "quieter slower faster continue cancel again please nothing never always maybe exactly correct "
    "right wrong today tomorrow yesterday tonight morning evening",
)
BACKCHANNELS: Final = _words("uh-huh uhhuh mhm mm mmm mm-hmm mmhmm hm hmm huh uh-hum aha ah oh")
_PARTICLE_VERBS: Final = _words(
    "turn turned switch put come go get log sign hold move bring plug carry keep",
)

_SUBJECTS: Final = _words("i you he she it we they that this there")
_MODALS: Final = _words("can could would will should do does did may might have shall")
_NEVER_LAST: Final = _words("be been being")
_QUESTION_WORDS: Final = _words("what who where when which that")
_FIXED_PHRASES: Final = frozenset(
    ("so what", "guess what", "you know what", "say what", "like that", "what is that")
)
_STRANDERS: Final = _words("what who where which what's who's where's")
_STRANDING: Final = _words(
    "come came made get got start look wait work go talk speak listen think know deal care you "
    "he she they we i are is belong live",
)

_MOMENT: Final = r"(?:a|one|just a) (?:second|sec|moment|minute|min|bit)"
_WAIT_PHRASE: Final = (
    rf"(?:hold|hang) (?:on|that thought)|wait|(?:just )?{_MOMENT}|(?:give|gimme) (?:me )?{_MOMENT}|"
    r"bear with me|let me think|not now|be (?:quiet|silent)|shut up|stop (?:talking|speaking)|"
    r"quiet|hush|shush"
)
_WAIT_OPENING: Final = re.compile(
    r"^(?:(?:ok|okay|oh|no|um|uh|well|so|sorry|please|just|actually|hmm) )*"
    rf"(?:{_WAIT_PHRASE})"
    rf"(?: (?:please|up|{_MOMENT}|for {_MOMENT}|about (?:it|that)|now|there))*(?: |$)",
)
_WAIT_ENDING: Final = re.compile(
    rf" (?:(?:hold|hang) (?:on|that thought)|(?:wait|hold on|hang on|give me) {_MOMENT})$",
)


def judge(text: str) -> Verdict:
    """What English words say about the end of the turn."""
    lowered = text.lower().replace("’", "'").strip()
    words = _WORD.findall(lowered)
    if not words:
        return UNKNOWN
    if _is_backchannel(lowered, words):
        return BACKCHANNEL
    if _asks_to_wait(words):
        return WAIT
    if _BREAKING_OFF.search(lowered) and len(words) > 1:
        return BROKEN
    return _judge_words(words, question_mark=lowered.endswith("?"))


def _is_backchannel(lowered: str, words: list[str]) -> bool:
    plain = lowered.strip(" .,!?")
    return plain in BACKCHANNELS or words == ["uh", "huh"] or set(words) <= _words("mm hmm mhm hm")


def _asks_to_wait(words: list[str]) -> bool:
    """Whether the turn is a request to wait, or ends in one; `wait what is it` is a question."""
    line = " ".join(words)
    if _WAIT_ENDING.search(line):
        return True
    opening = _WAIT_OPENING.search(line)
    if opening is None:
        return False
    rest = line[opening.end() :].split()
    return not rest or ("wait" not in opening[0] and not _begins_request(rest))


def _begins_request(words: list[str]) -> bool:
    return _opener(words) in QUESTION_OPENERS | COMMAND_OPENERS


def _judge_words(words: list[str], *, question_mark: bool) -> Verdict:
    opener, last = _opener(words), words[-1]
    question = opener in QUESTION_OPENERS or question_mark
    if last in FILLERS and not (question and last == "like"):
        return BROKEN
    if len(words) == 1:
        return WHOLE if last in SHORT_WHOLES else _judge_single(last)
    if _ends_open(words, last, question=question):
        return BROKEN
    if last in NUMBERS or last.isdigit():
        return _judge_number(words)
    if question or opener in COMMAND_OPENERS or last in SHORT_WHOLES:
        return WHOLE
    return LIKELY if len(words) > 2 else UNKNOWN  # noqa: PLR2004 — subject, verb, object


def _opener(words: list[str]) -> str:
    """The first word that is no filler, greeting or politeness."""
    skipped = FILLERS | _words("hey hi hello okay ok yes no and but please now oh right")
    return next((word for word in words if word not in skipped), words[0])


def _judge_single(word: str) -> Verdict:
    open_words = CONNECTORS | ARTICLES | PREPOSITIONS | AUXILIARIES | PRONOUN_SUBJECTS
    if word in open_words:
        return BROKEN
    if word in QUESTION_OPENERS or word in COMMAND_OPENERS or word in NUMBERS:
        return DOUBTFUL
    return UNKNOWN


def _ends_open(words: list[str], last: str, *, question: bool) -> bool:
    if last in CONNECTORS or last in ARTICLES or last in PRONOUN_SUBJECTS:
        return not (question and last in ("then", "too", "more", "most"))
    if last in PREPOSITIONS | OPERATORS - {"percent", "squared"}:
        return not (_is_stranded(words) if question else _is_particle(words))
    if last in AUXILIARIES:
        return not _closes_clause(words)
    if question and last in _SUBJECTS:
        return words[-2] in _MODALS
    if last in _QUESTION_WORDS:
        return " ".join(words) not in _FIXED_PHRASES
    return last in OPEN_VERBS and not question and "all" not in words


def _is_stranded(words: list[str]) -> bool:
    """Whether a final preposition belongs to the question word: `who are you talking to`."""
    before, last = words[-2], words[-1]
    if words[0] not in _STRANDERS:
        return False
    if before in ("it", "this", "that"):
        return last in ("for", "about", "from", "of")
    return before.endswith("ing") or before in _STRANDING


def _is_particle(words: list[str]) -> bool:
    return words[-1] in ("in", "on") and bool(_PARTICLE_VERBS & set(words[:-1]))


def _closes_clause(words: list[str]) -> bool:
    """Whether a final auxiliary has its subject: `tell me who she is`, `yes i do`."""
    return len(words[:-2]) > 0 and words[-2] in _SUBJECTS and words[-1] not in _NEVER_LAST


def _judge_number(words: list[str]) -> Verdict:
    """Operands end a calculation; digits after digits, and a bare `for five`, want more."""
    if OPERATORS & set(words):
        return WHOLE
    before = [word for word in words if word not in NUMBERS and not word.isdigit()]
    if not before:
        return DOUBTFUL
    counting = words[-2] in NUMBERS or words[-2] in PREPOSITIONS or before[-1] in ("is", "what's")
    return DOUBTFUL if counting else UNKNOWN
