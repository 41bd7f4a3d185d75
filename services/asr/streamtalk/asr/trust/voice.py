"""Speech that voice activity was not sure of: the recogniser has to be, to make it a turn.

Residual echo and office noise reach 0.94; a person who is quiet or far away stays as low with one
word in four, so neither is dropped before it was recognised. Where voice activity was sure, the
recogniser need not be.
"""

from typing import Final

from streamtalk.proto.state import PLAIN_VOICE

UNSURE: Final = "unsure"
"""Why a text is not believed that would have been, had voice activity been sure."""

_SURE_VOICE: Final = 0.97
"""Every recorded turn at a usual level reaches it at its best."""


def is_unsure(voice: float) -> bool:
    """Whether audio of this probability of speech at its best is in doubt, however long it is.

    Two bursts of an echo with a pause between are no surer than one: whoever asks gives
    `PLAIN_VOICE` at least for speech that went on for long.
    """
    return voice < PLAIN_VOICE


def is_sure(voice: float) -> bool:
    """Whether audio of this probability at its best is somebody who speaks."""
    return voice >= _SURE_VOICE
