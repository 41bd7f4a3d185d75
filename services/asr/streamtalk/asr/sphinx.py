"""PocketSphinx's decoder in steps short enough that other threads of the process can run.

Its calls hold the GIL. Decoding a whole utterance at once would silence the process for up to half
the utterance's length, so the cepstral mean of the whole is found first (1/250 of its length), and
then the audio is decoded in short chunks with that mean: as good as in one call.

The estimate of the noise goes on from one utterance to the next, whoever spoke, so that confidence,
and now and then a word, depend on what was heard before. To forget it (`start_stream`) was tried:
of 384 synthetic commands 253 were right instead of 260. To learn it anew from the utterance itself
heard words in a barking dog.
"""

import math
import os
from typing import Any, Final

from pocketsphinx import Decoder, get_model_path

from streamtalk.asr.evidence import Stretch

CHUNK_BYTES: Final = 1_280
"""40 ms: the GIL is held for 2 to 20 ms at a time."""

_LOG_BASE: Final = math.log(1.0001)
"""Of PocketSphinx's scores, which Python gets as powers of it."""

_ONE_WORD: Final = "#JSGF V1.0;\ngrammar mean;\npublic <mean> = a;\n"


class CepstralMean:
    """Finds the mean cepstrum of an utterance, by a decoder with nothing to search."""

    def __init__(self) -> None:
        self._decoder: Any = Decoder(lm=None, dict=os.devnull, cmn="batch", loglevel="FATAL")
        self._decoder.add_word("a", "AH", True)  # noqa: FBT003 — its parameter takes no keyword
        self._decoder.add_jsgf_string("mean", _ONE_WORD)
        self._decoder.activate_search("mean")

    def of(self, pcm: bytes) -> str:
        """The mean as PocketSphinx writes it, for `Search`."""
        self._decoder.start_utt()
        self._decoder.process_raw(pcm, no_search=True, full_utt=True)
        mean = str(self._decoder.get_cmn(False))  # noqa: FBT003 — as above
        self._decoder.end_utt()
        return mean


class Sphinx:
    """One decoder and its named searches; one utterance at a time."""

    def __init__(self, **options: object) -> None:
        self._decoder: Any = Decoder(loglevel="FATAL", **options)
        self._begun = False

    def add_phone_loop(self, name: str) -> None:
        """A search that may say any phone, by the packaged phone trigrams."""
        self._decoder.add_allphone_file(name, get_model_path("en-us/en-us-phone.lm.bin"))

    def add_grammar(self, name: str, jsgf: str) -> None:
        """Compile a grammar; raises ValueError when it cannot be."""
        self._decoder.add_jsgf_string(name, jsgf)

    def add_language_model(self, name: str, other: "Sphinx") -> None:
        """Share the language model of another decoder instead of reading it again."""
        self._decoder.add_lm(name, other._decoder.get_lm("_default"))  # noqa: SLF001

    def remove(self, name: str) -> None:
        """Forget a search."""
        self._decoder.remove_search(name)

    def pronunciation(self, word: str) -> list[str]:
        """Phones of a word, or of a numbered variant; empty where the dictionary lacks it."""
        return str(self._decoder.lookup_word(word) or "").split()

    def decode(self, search: str, pcm: bytes, mean: str) -> list[Stretch]:
        """The best path for a whole utterance; empty where the search found none."""
        self.begin(search, mean)
        self.feed(pcm)
        self.end()
        return self.path()

    def begin(self, search: str, mean: str) -> None:
        """Begin an utterance; one that was begun before is given up."""
        self.end()
        self._decoder.activate_search(search)
        self._decoder.set_cmn(mean)
        self._decoder.start_utt()
        self._begun = True

    def feed(self, pcm: bytes) -> None:
        """Decode more audio of the utterance."""
        for start in range(0, len(pcm), CHUNK_BYTES):
            self._decoder.process_raw(pcm[start : start + CHUNK_BYTES])

    def end(self) -> None:
        """End the utterance, if one was begun."""
        if self._begun:
            self._begun = False
            self._decoder.end_utt()

    def text(self) -> str:
        """The best words so far."""
        hypothesis = self._decoder.hyp()
        return str(hypothesis.hypstr) if hypothesis else ""

    def path(self) -> list[Stretch]:
        """The best path of the utterance that has ended; empty where there is none."""
        if self._decoder.hyp() is None:
            return []
        return [_stretch(segment) for segment in self._decoder.seg()]


def _stretch(segment: Any) -> Stretch:  # noqa: ANN401 — an extension class without types
    return Stretch(
        name=str(segment.word),
        from_frame=int(segment.start_frame),
        to_frame=int(segment.end_frame) + 1,
        score=math.log(max(segment.ascore, 1e-300)) / _LOG_BASE,
        probability=min(max(float(segment.prob), 0.0), 1.0),
    )
