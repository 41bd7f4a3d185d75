"""The JSGF grammar of all that the assistant understands when it is spoken."""

from functools import cache
from typing import Final

from streamtalk.orchestrator.assistant.arithmetic import OPERATORS, SUFFIXES
from streamtalk.orchestrator.assistant.durations import FIXED
from streamtalk.orchestrator.assistant.numerals import DIGITS, TEENS, TENS
from streamtalk.orchestrator.assistant.phrases import (
    FOLLOW_UPS,
    INTENTS,
    LABELS,
    NOT_SPOKEN,
    SHARED,
    UNITS,
)

_NUMBERS: Final = {
    "digit": " | ".join(DIGITS),
    "small": f"<digit> | {' | '.join(TEENS)} | ({' | '.join(TENS)}) [<digit>]",
    "operand": (
        "zero | <small> [thousand | point <digit> [<digit>] | hundred [[and] <small>]]"
        " | a (hundred | thousand)"
    ),
    "operator": " | ".join(OPERATORS),
    "expression": (
        f"<operand> (<operator> <operand> [<operator> <operand>] | {' | '.join(SUFFIXES)}"
        " | percent of <operand>) | [the] square root of <operand> | half of <operand>"
    ),
}
_DURATIONS: Final = {
    "unit": " | ".join(f"{unit} | {unit}s" for unit in UNITS if unit != "day"),
    "duration": (
        f"<small> [and a half] <unit> [[and] <small> <unit>] | {' | '.join(FIXED)}"
        " | (a minute | an hour) [and (a half | <small> <unit>)] | a couple of <unit>"
    ),
    "label": " | ".join(LABELS),
}


@cache
def grammar(last_intent: str = "") -> str:
    """JSGF of every sentence that is understood after `last_intent`; ASCII, lower-case words."""
    intents = {name: body for name, body in INTENTS.items() if name not in NOT_SPOKEN}
    intents |= FOLLOW_UPS.get(last_intent, {})
    choice = " | ".join(f"<{name}>" for name in intents)
    rules = SHARED | _NUMBERS | _DURATIONS | intents
    lines = [
        "#JSGF V1.0;",
        "grammar assistant;",
        f"public <command> = [<polite>] ({choice}) [please];",
        *(f"<{name}> = {body};" for name, body in rules.items()),
    ]
    return "\n".join(lines) + "\n"
