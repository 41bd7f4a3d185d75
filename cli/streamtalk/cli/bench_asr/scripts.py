"""What is said in audio, word by word: aligned by force, or as the voice that said it states."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import soxr
from pocketsphinx import Decoder

from streamtalk.asr.score import normalise
from streamtalk.asr.streaming.decoder import TimedWord
from streamtalk.cli.bench_asr.recordings import Samples
from streamtalk.proto.audio import MIC_RATE_HZ, SPEECH_RATE_HZ
from streamtalk.proto.synthesis import Mark
from streamtalk.tts.config import EspeakSettings
from streamtalk.tts.engine import Order
from streamtalk.tts.engine import Samples as Voice
from streamtalk.tts.engines.espeak import EspeakEngine

_FRAME_SAMPLES: Final = MIC_RATE_HZ // 100
_LEAD_S: Final = 0.6
_PEAK: Final = 0.5
_AUDIBLE: Final = 100
_FILLERS: Final = ("<", "[", "(NULL)")

SENTENCES: Final = (
    "What time is it?",
    "Please set a timer for ten minutes.",
    "I would like to know whether the train to the coast leaves before nine tomorrow.",
    "Tell me a story about a small dog that went to the market, met a cat, and came home late.",
)
"""Spoken by eSpeak NG: a command, a request, a question, and one with clauses."""


@dataclass(frozen=True)
class Script:
    """Audio and its words."""

    name: str
    times: str
    """Where the times come from: `aligned` (PocketSphinx), or `exact` (eSpeak NG)."""

    samples: Samples
    words: tuple[TimedWord, ...]


class Aligner:
    """Finds the words of a known text in a recording (Viterbi alignment by PocketSphinx)."""

    def __init__(self) -> None:
        self._decoder: Any = Decoder(loglevel="FATAL")

    def align(self, name: str, samples: Samples, text: str) -> Script | None:
        """The script; None where a word has no pronunciation, or the text does not fit."""
        wanted = normalise(text).split()
        if not wanted or not all(map(self._decoder.lookup_word, wanted)):
            return None
        try:
            self._decoder.set_align_text(" ".join(wanted))
            self._decoder.start_utt()
            self._decoder.process_raw(samples.tobytes(), full_utt=True)
            self._decoder.end_utt()
            found = [s for s in self._decoder.seg() or () if not s.word.startswith(_FILLERS)]
        except (RuntimeError, ValueError):
            return None
        if len(found) != len(wanted):
            return None
        words = tuple(
            TimedWord(
                f" {word}", s.start_frame * _FRAME_SAMPLES, (s.end_frame + 1) * _FRAME_SAMPLES
            )
            for word, s in zip(wanted, found, strict=True)
        )
        return Script(name, "aligned", samples, words)


def spoken() -> list[Script]:
    """`SENTENCES` in eSpeak's voice, each after a moment of silence."""
    engine = EspeakEngine(EspeakSettings())
    engine.load()
    return [_speak(engine, number, text) for number, text in enumerate(SENTENCES)]


def _speak(engine: EspeakEngine, number: int, text: str) -> Script:
    chunks: list[Voice] = []

    def keep(samples: Voice) -> bool:
        """All of it is wanted."""
        chunks.append(samples.copy())
        return True

    steps = engine.speak(Order(text, language="en"), keep)
    while True:
        try:
            next(steps)
        except StopIteration as ended:
            marks = ended.value.marks
            break
    audio = soxr.resample(np.concatenate(chunks), SPEECH_RATE_HZ, MIC_RATE_HZ)
    audio *= _PEAK / max(float(np.abs(audio).max()), 1e-6)
    lead = int(_LEAD_S * MIC_RATE_HZ)
    samples = np.asarray(np.concatenate([np.zeros(lead), audio]) * 32_767, np.int16)
    begins = [lead + mark.sample * MIC_RATE_HZ // SPEECH_RATE_HZ for mark in marks]
    texts = [text[a.char : b] for a, b in zip(marks, _next_chars(marks, text), strict=True)]
    words = tuple(
        TimedWord(f" {said.strip()}", begin, _last_sound(samples, begin, end))
        for said, begin, end in zip(texts, begins, [*begins[1:], len(samples)], strict=True)
    )
    return Script(f"espeak-{number}", "exact", samples, words)


def _next_chars(marks: Sequence[Mark], text: str) -> list[int]:
    return [*(mark.char for mark in marks[1:]), len(text)]


def _last_sound(samples: Samples, begin: int, end: int) -> int:
    """A voice says where words begin; where one ends, its audio says."""
    loud = np.flatnonzero(np.abs(samples[begin:end]) > _AUDIBLE)
    return begin + (int(loud[-1]) + 1 if loud.size else 1)


def monologue(scripts: list[Script], seconds: float) -> list[TimedWord]:
    """The words of scripts one behind the other, again and again, without a pause between them."""
    words: list[TimedWord] = []
    at = 0
    while at < seconds * MIC_RATE_HZ:
        for script in scripts:
            first = script.words[0].from_sample
            words += [word.moved(at - first) for word in script.words]
            at = words[-1].to_sample
    return words
