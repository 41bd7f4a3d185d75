"""LocalAgreement-2: a word stands once two hypotheses in a row agree on it.

Source: Macháček, Dabre and Bojar, "Turning Whisper into Real-Time Transcription System" (2023), §2.
"""

import unicodedata
from collections.abc import Sequence
from typing import Final

from streamtalk.asr.streaming.decoder import TimedWord

_TOLERANCE_SAMPLES: Final = 1_600
"""Two decodings place the same word up to 100 ms apart."""

_OVERLAP_WORDS: Final = 5
"""Committed words that a new hypothesis may begin with once more."""


def plain(text: str) -> str:
    """What counts in a comparison: letters and digits, case and width folded."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in folded if char.isalnum())


class Agreement:
    """Words committed so far, and the last hypothesis about what follows them.

    Committed words never change: a later hypothesis that contradicts them is cut to what lies
    behind them.
    """

    def __init__(self) -> None:
        self._committed: list[TimedWord] = []
        self._pending: list[TimedWord] = []

    @property
    def committed(self) -> Sequence[TimedWord]:
        """The words that stand, in order."""
        return self._committed

    @property
    def pending(self) -> Sequence[TimedWord]:
        """The last hypothesis, less what stands."""
        return self._pending

    @property
    def end_sample(self) -> int:
        """End of the last word that stands."""
        return self._committed[-1].to_sample if self._committed else 0

    def hear(self, hypothesis: Sequence[TimedWord]) -> list[TimedWord]:
        """Take the next hypothesis; returns the words that stand because of it."""
        fresh = self._behind_committed(hypothesis)
        agreed = 0
        for before, now in zip(self._pending, fresh, strict=False):
            if plain(before.text) != plain(now.text):
                break
            agreed += 1
        stands = fresh[:agreed]
        self._committed += stands
        self._pending = fresh[agreed:]
        return stands

    def close(self, hypothesis: Sequence[TimedWord]) -> list[TimedWord]:
        """The last hypothesis: all of it stands; returns what that adds."""
        fresh = self._behind_committed(hypothesis)
        self._committed += fresh
        self._pending = []
        return fresh

    def _behind_committed(self, hypothesis: Sequence[TimedWord]) -> list[TimedWord]:
        """The words that begin behind the committed ones, less those that repeat them."""
        edge = self.end_sample - _TOLERANCE_SAMPLES
        fresh = [w for w in hypothesis if w.from_sample >= edge and w.to_sample > edge]
        if not self._committed:
            return fresh
        for length in range(min(_OVERLAP_WORDS, len(fresh), len(self._committed)), 0, -1):
            # Marks are compared as they are written: all of them are alike as words.
            said = [plain(word.text) or word.text for word in self._committed[-length:]]
            again = [plain(word.text) or word.text for word in fresh[:length]]
            starts_before = fresh[0].from_sample < self.end_sample
            if said == again and starts_before:
                return fresh[length:]
        return fresh
