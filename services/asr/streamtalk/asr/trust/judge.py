"""Whether a final text may be a turn: what the model says of it, the words, and the sound."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from streamtalk.asr.loudness import Samples, frame_levels
from streamtalk.asr.streaming.decoder import Segment
from streamtalk.asr.trust.phrases import is_credit, is_idle_word, is_stock_phrase
from streamtalk.asr.trust.repetition import compression_ratio, is_circle
from streamtalk.asr.trust.voice import UNSURE, is_sure, is_unsure
from streamtalk.proto.state import PLAIN_VOICE

NO_SPEECH: Final = "no_speech"
IMPROBABLE: Final = "improbable"
REPETITION: Final = "repetition"
PHRASE: Final = "phrase"
QUIET: Final = "quiet"
REASONS: Final = (NO_SPEECH, IMPROBABLE, REPETITION, PHRASE, QUIET, UNSURE)
"""Every reason for which a text is not believed; each is counted by itself."""

_PER_SECOND: Final = 100
_FEWEST_FRAMES: Final = 5
_LIVELY_DB: Final = 9.0
"""Speech rises so far above its own floor; a fan, a hum, hiss and rain do not."""

_FASTEST_CHARS: Final = 45.0
"""Characters a second of loud sound that nobody speaks."""


@dataclass(frozen=True)
class Limits:
    """Thresholds; those of the Whisper paper (Radford et al. 2022, §4.5) where it has them."""

    no_speech: float = 0.6
    mean_log_probability: float = -1.0
    hopeless_log_probability: float = -1.6
    compression: float = 2.4
    doubtful_log_probability: float = -0.7
    unsure_no_speech: float = 0.15
    """Of short speech that voice activity was not sure of."""

    unsure_log_probability: float = -0.6


@dataclass(frozen=True)
class Sound:
    """What the audio itself says about speech."""

    range_db: float
    """The loudest tenth of its 10 ms above the quietest."""

    loud_s: float
    """Time at levels near the loudest."""

    @property
    def lively(self) -> bool:
        """Whether it rises and falls as speech does."""
        return self.range_db >= _LIVELY_DB


def sound_of(samples: Samples) -> Sound:
    """Measure the levels of `samples`, in frames of 10 ms."""
    levels = frame_levels(samples)
    if levels.size < _FEWEST_FRAMES:
        return Sound(0.0, levels.size / _PER_SECOND)
    level_db = 20 * np.log10(np.maximum(levels, 1e-5))
    low, high = np.percentile(level_db, (10, 90))
    loud = np.count_nonzero(level_db >= high - 20.0)
    return Sound(float(high - low), float(loud) / _PER_SECOND)


class Judge:
    """Says why a text is not believed, or nothing."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()

    def reason(
        self, text: str, segments: Sequence[Segment], sound: Sound, voice: float = PLAIN_VOICE
    ) -> str:
        """One of `REASONS`, or an empty string for a text that may be a turn.

        Args:
            text: Chinese in simplified characters.
            segments: With the model's figures; none where a server gives no figures.
            sound: Of the audio.
            voice: Best probability of speech that voice activity gave it.
        """
        if not text.strip():
            return ""
        if found := self._words_reason(text, segments, sound):
            return found
        if is_sure(voice):
            return self._sure_reason(segments)
        found = self._model_reason(text, segments, sound)
        return found or (self._unsure_reason(text, segments) if is_unsure(voice) else "")

    def _sure_reason(self, segments: Sequence[Segment]) -> str:
        """Somebody speaks: the limits of the Whisper paper as they stand there, both together."""
        limits, certainty = self._limits, _certainty(segments)
        if _silence(segments) > limits.no_speech and certainty < limits.mean_log_probability:
            return NO_SPEECH
        return IMPROBABLE if certainty < limits.hopeless_log_probability else ""

    def _unsure_reason(self, text: str, segments: Sequence[Segment]) -> str:
        """Better figures than other text has to have; without figures, other words than idle."""
        limits = self._limits
        if not segments:
            return UNSURE if is_idle_word(text) or is_stock_phrase(text) else ""
        clear = (
            _silence(segments) <= limits.unsure_no_speech
            and _certainty(segments) >= limits.unsure_log_probability
        )
        return "" if clear else UNSURE

    def _words_reason(self, text: str, segments: Sequence[Segment], sound: Sound) -> str:
        """What the words themselves betray; a stock phrase needs a second sign, people say it."""
        limits = self._limits
        if is_circle(text) or compression_ratio(text) > limits.compression:
            return REPETITION
        if is_credit(text):
            return PHRASE
        if len(text) > _FASTEST_CHARS * max(sound.loud_s, 0.1):
            return QUIET
        doubtful = (
            _silence(segments) > limits.no_speech / 3
            or _certainty(segments) < limits.doubtful_log_probability / 2
            or not sound.lively
        )
        return PHRASE if doubtful and is_stock_phrase(text) else ""

    def _model_reason(self, text: str, segments: Sequence[Segment], sound: Sound) -> str:
        """What the model's own figures say, beside the sound."""
        limits = self._limits
        certainty = _certainty(segments)
        if _silence(segments) > limits.no_speech and certainty < limits.doubtful_log_probability:
            return NO_SPEECH
        least = limits.hopeless_log_probability if sound.lively else limits.mean_log_probability
        if certainty < least:
            return IMPROBABLE
        unsure = (
            _silence(segments) > limits.no_speech / 2 or certainty < limits.doubtful_log_probability
        )
        return PHRASE if unsure and is_idle_word(text) else ""


def _silence(segments: Sequence[Segment]) -> float:
    """The highest probability of no speech."""
    return max((segment.no_speech_probability for segment in segments), default=0.0)


def _certainty(segments: Sequence[Segment]) -> float:
    """Mean log-probability, by the length of the text."""
    weights = [max(len(segment.text), 1) for segment in segments]
    total = sum(weights)
    if not total:
        return 0.0
    means = (s.mean_log_probability * w for s, w in zip(segments, weights, strict=True))
    return sum(means) / total
