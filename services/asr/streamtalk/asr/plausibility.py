"""Whether what an engine says it heard can be true at all."""

from typing import Final

import numpy as np

from streamtalk.asr.engine import Heard
from streamtalk.asr.loudness import frame_levels, from_pcm
from streamtalk.proto.errors import EngineError

SPEECH_LEVEL: Final = 0.03
"""About -30 dBFS RMS: a person close to a microphone, no room by itself."""

SPEECH_FRAMES: Final = 50
"""Frames of 10 ms at that level which a word or two have."""

_ROUNDING: Final = 0.01
"""Posteriors that are sums of logarithms may exceed 1 by a little."""

_UNHEARD: Final = ("", "silence")
"""What an engine says that heard nothing; one that rejects words has heard them."""


def check_heard(heard: Heard) -> None:
    """Raise EngineError for a confidence that is none, or words that end before they begin."""
    if not -_ROUNDING <= heard.confidence <= 1.0 + _ROUNDING:
        raise EngineError(f"a confidence of {heard.confidence}: the model is broken")
    for word in heard.words:
        if not 0 <= word.from_sample <= word.to_sample:
            raise EngineError("a word that ends before it begins: the model is broken")


def is_deaf(heard: Heard, pcm: bytes) -> bool:
    """Whether no word was heard in audio as loud and as long as speech; music can be so too."""
    if heard.text.strip() or heard.rejected not in _UNHEARD:
        return False
    loud = np.count_nonzero(frame_levels(from_pcm(pcm)) >= SPEECH_LEVEL)
    return bool(loud >= SPEECH_FRAMES)
