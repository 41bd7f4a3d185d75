"""Whether what a person said has been answered, by what the orchestrator tells. Pure.

Whoever plays a person (`converse`, the people of `chaos`) asks this before it speaks again.
Counting seconds of quiet instead takes a slow machine's pause for the end of a reply.
"""

from typing import Final

from streamtalk.proto.audio import MIC_RATE_HZ
from streamtalk.proto.conversation import Turn, Turns

LOOK_BACK_SAMPLES: Final = MIC_RATE_HZ // 2
"""A turn may begin so much before its speech: the VAD looks back."""


def turns_of(turns: Turns, begin: int, end: int) -> list[Turn]:
    """Turns made of what was said in [begin, end) of the session's microphone clock, 16 kHz.

    A turn that began earlier and went on into it is one of them.
    """
    return [turn for turn in turns.turns if _reaches(turn, begin, end)]


def is_settled(turns: Turns, until: int) -> bool:
    """Whether the VAD has judged the microphone up to `until`, and nothing is going on."""
    return turns.idle and turns.judged >= until


def is_answered(turns: Turns, begin: int, end: int) -> bool:
    """Whether what was said in [begin, end) has its answer, played to the end, or its error."""
    return is_settled(turns, end) and any(
        turn.state == "done" for turn in turns_of(turns, begin, end)
    )


def _reaches(turn: Turn, begin: int, end: int) -> bool:
    if turn.speech_start is None or turn.speech_start >= end:
        return False
    return turn.speech_start >= begin - LOOK_BACK_SAMPLES or (turn.speech_end or 0) > begin
