"""What streaming needs of a recogniser: the words of a stretch of audio, with their times."""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Shape (samples,), in [-1, 1], 16 kHz."""


@dataclass(frozen=True)
class TimedWord:
    """A word of a hypothesis."""

    text: str
    """As the model writes it: with the space before it, where the language has spaces."""

    from_sample: int
    """16 kHz, from the first sample of the audio that was decoded, or of the whole utterance."""

    to_sample: int
    probability: float = 1.0

    def moved(self, samples: int) -> "TimedWord":
        """The same word, later."""
        return replace(
            self, from_sample=self.from_sample + samples, to_sample=self.to_sample + samples
        )


@dataclass(frozen=True)
class Decoding:
    """One hypothesis for one stretch of audio."""

    words: tuple[TimedWord, ...]
    language: str
    segments: tuple["Segment", ...] = ()


@dataclass(frozen=True)
class Segment:
    """What a model says of its own certainty, for a run of words."""

    text: str
    from_sample: int
    to_sample: int
    mean_log_probability: float = 0.0
    no_speech_probability: float = 0.0

    def moved(self, samples: int) -> "Segment":
        """The same segment, later."""
        return replace(
            self, from_sample=self.from_sample + samples, to_sample=self.to_sample + samples
        )


class Decoder(Protocol):
    """A recogniser of whole stretches; called from one thread."""

    def decode(self, samples: Samples, *, prompt: str, language: str, final: bool) -> Decoding:
        """The words of `samples`.

        Args:
            samples: At most the model's window.
            prompt: Text that was said just before; the decoding continues it.
            language: BCP 47 primary tag, or `auto`.
            final: Whether to take the time for the best; a partial is to be quick.

        Raises EngineError where the model fails.
        """
        ...
