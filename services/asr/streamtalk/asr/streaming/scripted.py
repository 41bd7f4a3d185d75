"""A decoder of exact cost that hears a script: what streaming does is measured without a model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from streamtalk.asr.streaming.decoder import Decoding, Samples, TimedWord
from streamtalk.proto.audio import MIC_RATE_HZ

_HALF: Final = 0.5
"""Of a word must have been said before anything of it is written."""


@dataclass(frozen=True)
class Cost:
    """What one decoding takes."""

    encode_ms: float = 60.0
    """However short the audio is: Whisper always encodes 30 s."""

    real_time_factor: float = 0.07
    """Added: this share of the length of the window."""

    def ms(self, samples: int) -> float:
        """Of a window of so many samples."""
        return self.encode_ms + self.real_time_factor * samples * 1000 / MIC_RATE_HZ


class ScriptedDecoder:
    """Hears the words of a script that lie in its window.

    A word that the end of the window cuts is written as its first half, once that much of it was
    said, so that a later decoding contradicts it; a word that began before the window is not heard.
    """

    def __init__(
        self,
        script: Sequence[TimedWord],
        window_from: Callable[[], int],
        spend: Callable[[int], None],
    ) -> None:
        self._script = script
        self._window_from = window_from
        self._spend = spend
        self.longest = 0
        """Samples of the longest window."""

    def decode(self, samples: Samples, *, prompt: str, language: str, final: bool) -> Decoding:
        """The words between the first and the last sample of the window."""
        del prompt, final
        begin, count = self._window_from(), len(samples)
        self.longest = max(self.longest, count)
        self._spend(count)
        found = (_heard(word, begin, begin + count) for word in self._script)
        heard = tuple(word.moved(-begin) for word in found if word is not None)
        return Decoding(heard, "en" if language == "auto" else language)


def _heard(word: TimedWord, begin: int, end: int) -> TimedWord | None:
    if word.from_sample < begin or word.from_sample >= end:
        return None
    if word.to_sample <= end:
        return word
    length = word.to_sample - word.from_sample
    if end - word.from_sample < _HALF * length:
        return None
    bare = word.text.strip()
    space = word.text[: len(word.text) - len(word.text.lstrip())]
    cut = bare[: max(1, len(bare) // 2)]
    return TimedWord(f"{space}{cut}", word.from_sample, end)
