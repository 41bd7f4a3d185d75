"""PocketSphinx with its packaged English model: commands by grammar, dictation at best effort."""

import time
from collections.abc import Sequence
from typing import Final

from streamtalk.asr import canned, grammar
from streamtalk.asr.config import PocketSphinxSettings
from streamtalk.asr.engine import Heard, Speech
from streamtalk.asr.evidence import (
    Stretch,
    can_be_said,
    is_speech,
    weigh,
    word_confidence,
)
from streamtalk.asr.loudness import (
    FRAME_SAMPLES,
    Samples,
    add_noise_floor,
    fill_digital_silence,
    from_pcm,
    peak_db,
    to_pcm,
)
from streamtalk.asr.pace import Pace
from streamtalk.asr.partials import Partials
from streamtalk.asr.pauses import cut_at_pauses
from streamtalk.asr.running import Running
from streamtalk.asr.sphinx import CepstralMean, Sphinx
from streamtalk.asr.trust.voice import UNSURE
from streamtalk.proto.audio import BYTES_PER_SAMPLE, MIC_RATE_HZ, samples_to_ms
from streamtalk.proto.errors import EngineError, MalformedError
from streamtalk.proto.recognition import Word

_LOOP: Final = "phones"
_DICTATION: Final = "_default"
_FILLERS: Final = frozenset(
    {"<s>", "</s>", "<sil>", "(NULL)", "[noise]", "[speech]", "[NOISE]", "[SPEECH]"}
)
_GRAMMAR_OPTIONS: Final = {
    "lm": None,
    "bestpath": False,
    "beam": 1e-60,
    "pbeam": 1e-60,
    "wbeam": 1e-40,
    "wip": 0.1,
    "silprob": 0.05,
}
"""Wider beams than the defaults, and dearer words: more commands right on synthetic speech."""


WORST_OF_CANNED: Final = 5.0
"""The dearest call, rejected by the grammar twice and then dictated, beside the canned one, by
their processor time for each second of audio: 0.64 beside 0.14 on synthetic and human speech."""


class PocketSphinxEngine:
    """Grammar with rejection, dictation, partials.

    The GIL is held for up to 20 ms at a time, and at the end of a piece of dictation for about
    0.1 of its length.
    """

    languages = ("en",)
    features = ("grammar", "dictation")

    def __init__(self, settings: PocketSphinxSettings) -> None:
        self._settings = settings
        self._grammars: dict[str, None] = {}
        self.pace: Pace | None = None

    def load(self) -> None:
        """Two decoders for commands, and two that share the language model."""
        self._mean = CepstralMean()
        self._commands = Sphinx(compallsen=True, **_GRAMMAR_OPTIONS)
        loop = Sphinx(compallsen=True, **_GRAMMAR_OPTIONS)
        loop.add_phone_loop(_LOOP)
        self._loop = loop
        self._running = Running(self._commands, loop, _LOOP, self._mean)
        width = self._settings.hmms_per_frame
        self._dictation = Sphinx(maxhmmpf=width)
        self._live = Sphinx(maxhmmpf=width, fwdflat=False)
        self._live.add_language_model(_DICTATION, self._dictation)
        self._partials = Partials(self._live, self._mean)

    def check(self) -> None:
        """Raises EngineError unless the canned clip gives its text."""
        clip = canned.clip()
        began_ns = time.thread_time_ns()
        heard = self.hear(Speech(clip, grammar=canned.GRAMMAR))
        self._learn_pace((time.thread_time_ns() - began_ns) / 1e6, clip)
        if heard.text != canned.TEXT or heard.rejected:
            raise EngineError(f"the model heard {heard.text!r} where it should {canned.TEXT!r}")

    def _learn_pace(self, took_ms: float, clip: bytes) -> None:
        """The quickest run tells what the machine can do."""
        clip_ms = samples_to_ms(len(clip) // BYTES_PER_SAMPLE, MIC_RATE_HZ)
        found = Pace(0.0, WORST_OF_CANNED * took_ms / clip_ms)
        if self.pace is None or found.factor < self.pace.factor:
            self.pace = found

    def hear(self, speech: Speech) -> Heard:
        """Transcribe; a grammar's rejection still tells, when affordable, what dictation heard."""
        samples = from_pcm(speech.pcm)
        if peak_db(samples) < self._settings.silence_db:
            return _silence()
        if not speech.final:
            return self._partial(speech, samples)
        if not speech.grammar:
            pcm = to_pcm(add_noise_floor(samples))
            loop = self._loop.decode(_LOOP, pcm, self._mean.of(pcm))
            heard = self._dictate(samples) if is_speech(loop) else _silence()
            return self._doubted(heard) if speech.unsure else heard
        heard = self._obey(speech, samples)
        if heard.rejected != "grammar":
            return heard
        instead = self._instead(heard, samples)
        return self._doubted(instead) if speech.unsure else instead

    def _obey(self, speech: Speech, samples: Samples) -> Heard:
        """What the grammar makes of it; speech of which nobody is sure has to be a clear match."""
        settings = self._settings
        name = self._compiled(speech.grammar)
        least = settings.unsure_confidence if speech.unsure else 0.0
        first = max(settings.grammar_confidence, least)
        heard = self._command(*self._running.finish(speech.origin, name, samples), first)
        if heard.rejected and speech.origin is not None:
            # With the mean of the whole utterance it may be another matter, if it is a clear one.
            paths = self._running.finish(None, name, samples)
            heard = self._command(*paths, max(settings.second_confidence, least))
        return heard

    def _doubted(self, heard: Heard) -> Heard:
        """Dictation of what may be no speech at all: it has to be believed more."""
        samples = sum(word.to_sample - word.from_sample for word in heard.words)
        weighed = sum(w.confidence * (w.to_sample - w.from_sample) for w in heard.words)
        if weighed >= self._settings.unsure_dictation_confidence * samples:
            return heard
        return Heard("", "en", heard.confidence, UNSURE)

    def _command(self, path: list[Stretch], loop: list[Stretch], threshold: float) -> Heard:
        if not is_speech(loop):
            return _silence()
        words = [stretch for stretch in path if stretch.name not in _FILLERS]
        if not words:
            return Heard("", "en", 0.0, "grammar")
        phones = [p for word in words for p in self._commands.pronunciation(word.name)]
        confidence = weigh(path, words, loop, phones).confidence
        believed = confidence >= threshold and can_be_said(phones, loop)
        rejected = "" if believed else "grammar"
        scores = [word_confidence(word, loop) for word in words]
        return _heard(words, scores, confidence, rejected)

    def _instead(self, rejected: Heard, samples: Samples) -> Heard:
        """What dictation makes of speech that the grammar rejected."""
        if len(samples) > self._settings.dictate_rejected_s * MIC_RATE_HZ:
            return Heard("", "en", rejected.confidence, "grammar")
        heard = self._dictate(samples)
        return Heard(heard.text, "en", rejected.confidence, "grammar", heard.words)

    def _dictate(self, samples: Samples) -> Heard:
        filled = fill_digital_silence(samples)
        words: list[Stretch] = []
        for start, end in cut_at_pauses(filled, self._settings.dictation_piece_s):
            words += self._dictate_piece(to_pcm(filled[start:end]), start // FRAME_SAMPLES)
        if not words:
            return _silence()
        scores = [word.probability for word in words]
        frames = sum(word.frames for word in words)
        confidence = sum(w.probability * w.frames for w in words) / max(frames, 1)
        doubtful = confidence < self._settings.dictation_confidence
        return _heard(words, scores, confidence, "confidence" if doubtful else "")

    def _dictate_piece(self, pcm: bytes, first_frame: int) -> list[Stretch]:
        path = self._dictation.decode(_DICTATION, pcm, self._mean.of(pcm))
        spoken = (stretch for stretch in path if stretch.name not in _FILLERS)
        return [stretch.moved(first_frame) for stretch in spoken]

    def _partial(self, speech: Speech, samples: Samples) -> Heard:
        if speech.grammar:
            name = self._compiled(speech.grammar)
            return Heard(self._running.follow(speech.origin, name, samples), "en", 0.0)
        pcm = to_pcm(fill_digital_silence(samples))
        return Heard(self._partials.text(speech.origin, _DICTATION, pcm), "en", 0.0)

    def _compiled(self, jsgf: str) -> str:
        """The name of the grammar's search, compiled where it is not yet."""
        sphinx, kept = self._commands, self._grammars
        name = grammar.name_of(jsgf)
        if name not in kept:
            self._running.give_up()
            self._compile(sphinx, name, grammar.fit(jsgf))
            if len(kept) >= self._settings.grammars_kept:
                oldest = next(iter(kept))
                del kept[oldest]
                sphinx.remove(oldest)
        kept.pop(name, None)
        kept[name] = None
        return name

    def _compile(self, sphinx: Sphinx, name: str, fitted: str) -> None:
        unknown = sorted(w for w in grammar.words_of(fitted) if not sphinx.pronunciation(w))
        if unknown:
            listed = ", ".join(unknown[:10])
            raise MalformedError(f"the grammar has words that the dictionary lacks: {listed}")
        try:
            sphinx.add_grammar(name, fitted)
        except (ValueError, RuntimeError) as error:
            raise MalformedError("the grammar is not JSGF that can be compiled") from error


def _silence() -> Heard:
    return Heard("", "en", 0.0, "silence")


def _heard(
    words: Sequence[Stretch], scores: Sequence[float], confidence: float, rejected: str
) -> Heard:
    named = tuple(_word(word, score) for word, score in zip(words, scores, strict=True))
    return Heard(" ".join(word.text for word in named), "en", confidence, rejected, named)


def _word(stretch: Stretch, confidence: float) -> Word:
    """A word without the number of its pronunciation, such as `what(2)`."""
    return Word(
        text=stretch.name.partition("(")[0],
        from_sample=stretch.from_frame * FRAME_SAMPLES,
        to_sample=stretch.to_frame * FRAME_SAMPLES,
        confidence=confidence,
    )
