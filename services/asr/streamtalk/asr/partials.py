"""Partial transcripts at a cost that grows with the new audio only."""

from typing import Final

from streamtalk.asr.sphinx import CepstralMean, Sphinx

_FIRST_BYTES: Final = 16_000
"""Audio that the cepstral mean is taken from: less than 0.5 s says little."""


class Partials:
    """Goes on with the utterance of the last call where the next one has the same origin.

    There is one utterance at a time: where two people speak at once, each partial begins anew. It
    also begins anew when the audio has doubled, with the cepstral mean of all of it.
    """

    def __init__(self, sphinx: Sphinx, mean: CepstralMean) -> None:
        self._sphinx = sphinx
        self._mean = mean
        self._key: tuple[object, str] | None = None
        self._fed_bytes = 0
        self._mean_bytes = 0

    def text(self, origin: object, search: str, pcm: bytes) -> str:
        """The words so far; empty until there is half a second of audio."""
        if len(pcm) < _FIRST_BYTES:
            return ""
        key = (origin, search)
        goes_on = origin is not None and key == self._key
        if not goes_on or not self._fed_bytes <= len(pcm) < 2 * self._mean_bytes:
            self._begin(search, pcm)
            self._key = key
        self._sphinx.feed(pcm[self._fed_bytes :])
        self._fed_bytes = len(pcm)
        return self._sphinx.text()

    def _begin(self, search: str, pcm: bytes) -> None:
        self._key = None
        self._sphinx.begin(search, self._mean.of(pcm))
        self._fed_bytes = 0
        self._mean_bytes = len(pcm)
