"""Commands decoded while they are spoken, so that at the pause only the last words are left to do.

The cepstral mean has to be known before the audio is: it is that of the last utterance of the same
microphone, or of the first second of this one. On 34 synthetic commands either gave as many right
ones (25) as the mean of the whole utterance, and 0.6 s gave fewer (22).
"""

from dataclasses import dataclass
from typing import Final

from streamtalk.asr.evidence import Stretch
from streamtalk.asr.loudness import Samples, noise_floor, speech_level, to_pcm
from streamtalk.asr.sphinx import CepstralMean, Sphinx
from streamtalk.proto.audio import MIC_RATE_HZ

Origin = tuple[str, str, int]

_NOWHERE: Final = ("", "", 0)
_FIRST_SAMPLES: Final = MIC_RATE_HZ
_LEVEL_SAMPLES: Final = 8 * MIC_RATE_HZ // 10
"""Less audio does not tell the level of the speech: of 120 synthetic commands that were begun after
0.45, 0.6 and 0.8 s of audio 82, 83 and 85 were right."""

_FAINTEST: Final = 0.001
"""Speech level below which the noise floor, which depends on it, cannot be fixed yet."""

_KEPT_MEANS: Final = 256


@dataclass
class _Utterance:
    origin: Origin
    search: str
    level: float
    """Level of the noise floor, which must not change under way."""

    fed: int = 0


class Running:
    """The utterance under way, in the two decoders that commands need; one at a time.

    Where two people speak at once, each takes the decoders from the other and decodes anew.
    """

    def __init__(self, grammar: Sphinx, loop: Sphinx, loop_search: str, mean: CepstralMean) -> None:
        self._grammar = grammar
        self._loop = loop
        self._loop_search = loop_search
        self._mean = mean
        self._means: dict[tuple[str, str], str] = {}
        self._utterance: _Utterance | None = None

    def follow(self, origin: Origin | None, search: str, samples: Samples) -> str:
        """Decode what is new of an utterance; returns the words so far."""
        if origin is None or not self._take_up(origin, search, samples):
            return ""
        self._feed(samples)
        return self._grammar.text()

    def finish(
        self, origin: Origin | None, search: str, samples: Samples
    ) -> tuple[list[Stretch], list[Stretch]]:
        """The best paths of the whole utterance: (by the grammar, by free phones)."""
        if origin is None or not self._goes_on(origin, search, samples):
            self._begin(origin or _NOWHERE, search, samples, self._mean_of(samples))
        self._feed(samples)
        self._utterance = None
        self._grammar.end()
        self._loop.end()
        if origin is not None:
            self._remember(origin, samples)
        return self._grammar.path(), self._loop.path()

    def give_up(self) -> None:
        """End what is under way: the searches are about to change."""
        if self._utterance is not None:
            self._utterance = None
            self._grammar.end()
            self._loop.end()

    def _take_up(self, origin: Origin, search: str, samples: Samples) -> bool:
        if self._goes_on(origin, search, samples):
            return True
        mean = self._means.get(origin[:2])
        too_short = len(samples) < (_FIRST_SAMPLES if mean is None else _LEVEL_SAMPLES)
        if too_short or speech_level(samples) < _FAINTEST:
            return False
        self._begin(origin, search, samples, mean or self._mean_of(samples))
        return True

    def _goes_on(self, origin: Origin, search: str, samples: Samples) -> bool:
        utterance = self._utterance
        return (
            utterance is not None
            and (utterance.origin, utterance.search) == (origin, search)
            and utterance.fed <= len(samples)
        )

    def _begin(self, origin: Origin, search: str, samples: Samples, mean: str) -> None:
        self._utterance = None
        self._grammar.begin(search, mean)
        self._loop.begin(self._loop_search, mean)
        self._utterance = _Utterance(origin, search, speech_level(samples))

    def _feed(self, samples: Samples) -> None:
        utterance = self._utterance
        if utterance is None:
            return
        floored = noise_floor(samples[utterance.fed :], utterance.level, utterance.fed)
        utterance.fed = len(samples)
        pcm = to_pcm(floored)
        self._grammar.feed(pcm)
        self._loop.feed(pcm)

    def _mean_of(self, samples: Samples) -> str:
        return self._mean.of(to_pcm(noise_floor(samples, speech_level(samples), 0)))

    def _remember(self, origin: Origin, samples: Samples) -> None:
        self._means.pop(origin[:2], None)
        self._means[origin[:2]] = self._mean_of(samples)
        while len(self._means) > _KEPT_MEANS:
            del self._means[next(iter(self._means))]
