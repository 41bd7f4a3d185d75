"""How long a text will last, from what the voice took for others before; pure."""

import re
from collections.abc import Sequence
from typing import Final

from streamtalk.proto.audio import SPEECH_RATE_HZ
from streamtalk.proto.synthesis import Speak, Spoken

_HAN: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_HAN_WEIGHT: Final = 3
_ASSUMED_SAMPLES: Final = 0.07 * SPEECH_RATE_HZ
_ASSUMED_CHARS: Final = 20
"""What is assumed of a new voice weighs as much as so many characters that it has said."""

_MEMORY_CHARS: Final = 2_000
_MOST_VOICES: Final = 256

Key = tuple[str, str]
"""(voice by the name that orders give, language)."""


def length(text: str) -> int:
    """Length of a normalised text in Latin letters; a Han character counts as three."""
    return len(text) + (_HAN_WEIGHT - 1) * len(_HAN.findall(text))


class Pace:
    """Samples for a character, of each voice in each language, at a rate of 1."""

    def __init__(self) -> None:
        self._said: dict[Key, Sequence[float]] = {}

    def expected_samples(self, speak: Speak, text: str, language: str) -> int:
        """How long the piece will be, 24 kHz; `text` is what is said for it, normalised."""
        chars, samples = self._said.get((speak.voice, language), (0.0, 0.0))
        known = samples + _ASSUMED_CHARS * _ASSUMED_SAMPLES
        each = known / (chars + _ASSUMED_CHARS)
        return round(length(text) * each / speak.rate)

    def learn(self, speak: Speak, text: str, spoken: Spoken) -> None:
        """A piece was made; what was said last counts most."""
        key = (speak.voice, spoken.language)
        chars, samples = self._said.pop(key, (0.0, 0.0))
        chars, samples = chars + length(text), samples + spoken.total_samples * speak.rate
        if chars > _MEMORY_CHARS:
            chars, samples = chars / 2, samples / 2
        self._said[key] = (chars, samples)
        if len(self._said) > _MOST_VOICES:
            del self._said[next(iter(self._said))]
