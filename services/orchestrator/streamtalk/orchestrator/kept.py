"""The running answer as it is written down, so that an owner after a crash knows what was heard."""

from typing import Final

import msgspec

from streamtalk.orchestrator.heard import SpokenPiece

KEPT_ANSWER: Final = "answer"
"""Name of the session's setting that holds it."""


class KeptAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Which audio belongs to which text of the answer that is being played."""

    turn: int
    answer: str
    prefix: str
    """What of the reply was heard before this answer."""

    pieces: list[SpokenPiece]
    text: str = ""
    """What was written of this answer by then."""

    complete: bool = True
    """Whether that is all of it."""
