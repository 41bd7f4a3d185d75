"""The utterances that an engine follows, each with its streamer."""

from collections.abc import Callable
from typing import Final

import numpy as np

from streamtalk.asr.engine import Heard, Speech
from streamtalk.asr.streaming.streamer import Progress, Streamer
from streamtalk.proto.recognition import Word

Origin = tuple[str, str, int]

_KEPT: Final = 64
"""Utterances that are followed at a time; the one not heard of for longest is dropped."""


class Following:
    """Streamers by the origin of what they hear; made anew where audio has none.

    A final does not end one: a pause is not yet the end of a turn, and who goes on is not decoded
    from the start again.
    """

    def __init__(self, make: Callable[[Speech], Streamer]) -> None:
        self._make = make
        self._streamers: dict[Origin, Streamer] = {}

    def of(self, speech: Speech) -> Streamer:
        """The streamer of the utterance that `speech` is the beginning of."""
        if speech.origin is None:
            return self._make(speech)
        found = self._streamers.pop(speech.origin, None) or self._make(speech)
        self._streamers[speech.origin] = found
        while len(self._streamers) > _KEPT:
            del self._streamers[next(iter(self._streamers))]
        return found


def heard(progress: Progress, *, final: bool, samples: int) -> Heard:
    """What an engine says of it; a partial is not judged."""
    words = tuple(
        Word(
            text=word.text.strip(),
            from_sample=min(word.from_sample, samples),
            to_sample=min(word.to_sample, samples),
            confidence=word.probability,
        )
        for word in progress.words
    )
    confidence = float(np.mean([word.confidence for word in words])) if words and final else 0.0
    return Heard(
        progress.text,
        progress.language,
        confidence,
        words=words,
        stable_chars=progress.stable_chars,
    )
