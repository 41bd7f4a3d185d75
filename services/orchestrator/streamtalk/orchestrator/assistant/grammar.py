"""The JSGF grammar of all that the assistant understands when it is spoken."""

from functools import cache
from typing import Final

from streamtalk.orchestrator.assistant.arithmetic import OPERATORS, SUFFIXES
from streamtalk.orchestrator.assistant.durations import FIXED, UNIT_S
from streamtalk.orchestrator.assistant.numerals import DIGITS, TEENS, TENS
from streamtalk.orchestrator.assistant.phrases import FOLLOW_UPS, LABELS, SHARED, SPOKEN

_UNITS: Final = [unit for unit in UNIT_S if unit != "day"]
_VALUES: Final = {
    "digit": " | ".join(DIGITS),
    "small": f"<digit> | {' | '.join(TEENS)} | ({' | '.join(TENS)}) [<digit>]",
    "operand": (
        "zero | <small> [thousand | point <digit> | hundred [[and] <small>]]"
        " | a (hundred | thousand)"
    ),
    "operator": " | ".join(OPERATORS),
    "expression": (
        "<operand> (<operator> | percent of) <operand>"
        f" | <small> ({' | '.join(SUFFIXES)}) | (the square root | half) of <small>"
    ),
    "unit": " | ".join(f"{unit} | {unit}s" for unit in _UNITS),
    "duration": (
        "(<small> [and a half] <unit> | a minute | an hour) [and a half | [and] <small> <unit>]"
        f" | {' | '.join(FIXED)}"
    ),
    "length": f"<small> ({' | '.join(_UNITS)})",
    "label": " | ".join(LABELS),
}


@cache
def grammar(last_intent: str = "") -> str:
    """JSGF of all that is listened for after `last_intent`; ASCII, lower-case words."""
    intents = SPOKEN | FOLLOW_UPS.get(last_intent, {})
    choice = " | ".join(f"<{name}>" for name in intents)
    rules = SHARED | _VALUES | intents
    lines = [
        "#JSGF V1.0;",
        "grammar assistant;",
        f"public <command> = ({choice}) [please];",
        *(f"<{name}> = {body};" for name, body in rules.items()),
    ]
    return "\n".join(lines) + "\n"
