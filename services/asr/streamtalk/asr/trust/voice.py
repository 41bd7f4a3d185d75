"""Short audio that voice activity was not sure of: the recogniser has to be, to make it a turn.

Residual echo and office noise reach 0.94; a person who is quiet or far away stays as low with one
word in four, so neither is dropped before it was recognised.
"""

from typing import Final

from streamtalk.proto.audio import MIC_RATE_HZ

UNSURE: Final = "unsure"
"""Why a text is not believed that would have been, had voice activity been sure."""

_SURE_VOICE: Final = 0.95
"""Every recorded turn at a usual level reaches 0.97 at its best."""

_SHORT_SAMPLES: Final = 3 * MIC_RATE_HZ // 2
"""A second of speech with its look-back and pad: what is longer is speech all the same."""


def is_unsure(voice: float, samples: int) -> bool:
    """Whether audio of this length, and of this probability of speech at its best, is in doubt."""
    return voice < _SURE_VOICE and samples < _SHORT_SAMPLES
