"""A window shorter than Whisper's 30 s for what is shorter: the encoder computes less.

CTranslate2 takes any number of frames up to 3,000 (its pull request 1446). The model was trained on
30 s, the rest silence, and hears worse in less; how much worse depends on it and on the language.
"""

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streamtalk.proto.audio import MIC_RATE_HZ

WHOLE_S: Final = 30.0
_FRAMES_PER_S: Final = 100
_SILENCE_S: Final = 1.0
"""What is said is followed by so much silence at least, as nearly everywhere in the training."""

Features = NDArray[np.float32]
"""Shape ([1,] mels, frames): log-mel, 100 frames a second."""


def frames_for(audio_s: float, window_s: float) -> int:
    """How many frames the encoder gets for so much audio: the short window, or all of them."""
    fits = audio_s + _SILENCE_S <= window_s < WHOLE_S
    return math.ceil((window_s if fits else WHOLE_S) * _FRAMES_PER_S)


class Window:
    """Stands between a `faster_whisper.WhisperModel` and its encoder; for one thread."""

    def __init__(self, model: Any, window_s: float) -> None:  # noqa: ANN401 — untyped library
        self._window_s = window_s
        self._encode = model.encode
        self._frames = frames_for(WHOLE_S, window_s)
        if window_s < WHOLE_S:
            model.encode = self._encode_short

    def expect(self, samples: int) -> None:
        """What is encoded from now on is of so much audio, 16 kHz."""
        self._frames = frames_for(samples / MIC_RATE_HZ, self._window_s)

    def _encode_short(self, features: Features) -> Any:  # noqa: ANN401 — as above
        return self._encode(np.ascontiguousarray(features[..., : self._frames]))
