"""Partial transcripts at a cost that grows with the new audio only."""

from typing import Final

from streamtalk.asr.engine import Speech
from streamtalk.asr.sphinx import CepstralMean, Sphinx

_FIRST_BYTES: Final = 16_000
"""Audio that the cepstral mean is taken from: less than 0.5 s says little."""


class Partials:
    """Goes on with the utterance of the last call where the next one has the same origin.

    There is one utterance at a time: where two people speak at once, each partial begins anew.
    """

    def __init__(self, sphinx: Sphinx, mean: CepstralMean) -> None:
        self._sphinx = sphinx
        self._mean = mean
        self._key: tuple[object, str] | None = None
        self._fed_bytes = 0

    def text(self, speech: Speech, search: str) -> str:
        """The words so far; empty until there is half a second of audio."""
        if len(speech.pcm) < _FIRST_BYTES:
            return ""
        key = (speech.origin, search)
        if speech.origin is None or key != self._key or len(speech.pcm) < self._fed_bytes:
            self._begin(search, speech.pcm)
            self._key = key
        self._sphinx.feed(speech.pcm[self._fed_bytes :])
        self._fed_bytes = len(speech.pcm)
        return self._sphinx.text()

    def _begin(self, search: str, pcm: bytes) -> None:
        if self._key is not None:
            self._sphinx.end()
        self._key = None
        self._sphinx.begin(search, self._mean.of(pcm))
        self._fed_bytes = 0
