"""How long a text will take that is said piece by piece; pure."""

from collections.abc import Sequence
from typing import Final

from streamtalk.orchestrator.splitter import weight
from streamtalk.proto.audio import SPEECH_RATE_HZ
from streamtalk.proto.state import SynthesisState

_CHAR_S: Final = 0.07


class Forecast:
    """Exact where the voice has answered, else what it expects, else from the length of the text.

    Pieces are ordered by number and made in that order.
    """

    def __init__(self, pieces: Sequence[str], rate: float) -> None:
        self._weights = [sum(map(weight, text)) for text in pieces]
        self._totals: list[int] = []
        self._told: SynthesisState | None = None
        self._assumed = _CHAR_S * SPEECH_RATE_HZ / rate

    def answered(self, total_samples: int) -> None:
        """The next piece is made."""
        self._totals.append(total_samples)

    def hear(self, state: SynthesisState) -> None:
        """The voice tells how far it is."""
        self._told = state

    @property
    def exact(self) -> bool:
        """Whether every piece is made."""
        return len(self._totals) == len(self._weights)

    @property
    def made_s(self) -> float:
        """Speech that there is."""
        told = self._told.made_samples if self._told else 0
        return max(sum(self._totals), told) / SPEECH_RATE_HZ

    @property
    def length_s(self) -> float:
        """Length of the whole."""
        covered, samples = len(self._totals), sum(self._totals)
        if not self.exact and self._told is not None and self._told.pieces >= covered:
            covered, samples = self._told.pieces, max(samples, self._told.expected_samples)
        known, rest = sum(self._weights[:covered]), sum(self._weights[covered:])
        each = samples / known if known and samples else self._assumed
        return (samples + rest * each) / SPEECH_RATE_HZ
