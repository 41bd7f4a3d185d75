"""How long a text can sound at most: the model sometimes does not come to an end by itself."""

import re
from typing import Annotated, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from streamtalk.tts.audible import AUDIBLE_PEAK

_HAN: Final = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_HAN_LETTERS: Final = 3
"""A Han character lasts as long as about three letters."""

_FRAMES_PER_LETTER: Final = 3.5
"""About 14 letters a second, at 50 frames a second."""

_WINDOW_SAMPLES: Final = 160


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where speech is ended, whatever the model says."""

    tokens_per_char: Annotated[float, msgspec.Meta(gt=0, le=100)] = 8.0
    """Tokens (20 ms) for each character, a Han character counting as three."""

    least_tokens: Annotated[int, msgspec.Meta(ge=1, le=2_000)] = 100
    """The limit of a text that is shorter than that."""

    silence_ms: Annotated[int, msgspec.Meta(ge=100, le=3_000)] = 1_500
    """Silence after which a piece counts as said."""

    def tokens(self, text: str) -> int:
        """Most tokens of a text."""
        return max(int(letters(text) * self.tokens_per_char), self.least_tokens)


def letters(text: str) -> int:
    """Length of a text in letters that take equally long to say."""
    return len(text) + (_HAN_LETTERS - 1) * len(_HAN.findall(text))


def expected_frames(text: str) -> int:
    """About how many frames a text lasts, with a little to spare."""
    return 25 + int(letters(text) * _FRAMES_PER_LETTER)


class SilenceRun:
    """How long it has been silent at the end of what was made."""

    def __init__(self, limit_samples: int) -> None:
        self._limit = limit_samples
        self._silent = 0

    def take(self, audio: NDArray[np.float32]) -> int | None:
        """Further samples; returns how many of them are left to play when the run is too long."""
        for start in range(0, audio.size, _WINDOW_SAMPLES):
            part = audio[start : start + _WINDOW_SAMPLES]
            audible = float(np.abs(part).max()) >= AUDIBLE_PEAK
            self._silent = 0 if audible else self._silent + part.size
            if self._silent >= self._limit:
                return start + part.size
        return None
