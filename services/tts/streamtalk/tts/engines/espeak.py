"""eSpeak NG in this process: English, Chinese and a hundred more, the first sound in under 1 ms."""

import functools
import importlib.metadata
from collections.abc import Generator
from typing import TYPE_CHECKING, Final

import numpy as np

from streamtalk.proto.audio import SPEECH_RATE_HZ
from streamtalk.proto.errors import LanguageError
from streamtalk.proto.synthesis import Voice
from streamtalk.tts.clauses import clauses
from streamtalk.tts.config import EspeakSettings
from streamtalk.tts.engine import Emit, Made, Order, Samples
from streamtalk.tts.engines.espeak_library import Pcm, open_library
from streamtalk.tts.language import Span, main_language, spans
from streamtalk.tts.marks import WordEvent, to_marks
from streamtalk.tts.resampler import SpeechResampler

if TYPE_CHECKING:
    from streamtalk.tts.engines.espeak_library import LibraryVoice

_FASTEST_WPM: Final = 700
_SLOWEST_WPM: Final = 80
_ALIASES: Final = {"cmn": "zh", "nb": "no"}
"""eSpeak's primary tags that callers know by another name."""


def primary_tag(tag: str) -> str:
    """`en` of `en-us`; `zh` of `cmn`."""
    primary = tag.partition("-")[0]
    return _ALIASES.get(primary, primary)


class EspeakEngine:
    """Streams from the library's callback; a step is a clause of at most 160 characters.

    Cancel grain: 60 ms of audio, by the return value of the callback.
    """

    def __init__(self, settings: EspeakSettings) -> None:
        self._settings = settings
        self._known: list[LibraryVoice] = []
        self._fingerprint = ""

    def load(self) -> None:
        """Open the library and have each configured voice read its dictionary."""
        self._library = open_library()
        self._known = self._library.voices()
        # Once: reading a package's metadata takes 0.3 ms, and somebody waits for the first sound.
        version = importlib.metadata.version("espeakng-loader")
        self._fingerprint = f"espeak {version} {self._settings!r}"
        for tag in self._settings.voices.values():
            self._library.choose(tag)
            self._library.synthesise("1", _FASTEST_WPM, lambda *_: True, end_pause=False)

    def fingerprint(self, order: Order) -> str:
        """The version of the library and all settings."""
        del order
        return self._fingerprint

    def voices(self) -> list[Voice]:
        """Every voice of the library, by its language tag."""
        return [
            Voice(name=voice.tag, language=primary_tag(voice.tag), description=voice.name)
            for voice in self._known
        ]

    def speak(self, order: Order, emit: Emit) -> Generator[None, None, Made]:
        """One step for each clause."""
        parts = spans(order.text, self._expected(order))
        voices = {part.language: self._voice_for(part.language, order.voice) for part in parts}
        reading = _Reading(order.text, self._library.rate_hz, emit)
        steps = [clause for part in parts for clause in clauses(order.text, part)]
        for index, clause in enumerate(steps):
            if index:
                yield
            self._library.choose(voices[clause.language])
            self._say(clause, order, reading)
            if reading.stopped:
                break
        return reading.finish(main_language(parts), voices)

    def _say(self, clause: Span, order: Order, reading: "_Reading") -> None:
        text = order.text[clause.start : clause.end]
        # Within a sentence the voice goes on without a pause where only the language changes.
        end_pause = not text.rstrip(" ")[-1:].isalnum()
        words_per_minute = round(self._settings.words_per_minute * order.rate)
        speed = min(max(words_per_minute, _SLOWEST_WPM), _FASTEST_WPM)
        take = reading.begin(clause.start)
        self._library.synthesise(text, speed, take, end_pause=end_pause)

    def _expected(self, order: Order) -> str:
        if order.voice and order.language == "auto":
            return primary_tag(self._tag_of(order.voice))
        return order.language

    def _voice_for(self, language: str, wanted: str) -> str:
        if wanted and primary_tag(self._tag_of(wanted)) == language:
            return wanted
        configured = self._settings.voices.get(language)
        if configured:
            return configured
        found = next((v.tag for v in self._known if primary_tag(v.tag) == language), None)
        if found is None:
            raise LanguageError(
                f"eSpeak NG has no voice for language {language!r}; have another engine say it, or"
                f" name one of its voices for it: [tts.engines.espeak.voices] {language} = NAME"
            )
        return found

    def _tag_of(self, name: str) -> str:
        if all(voice.tag != name for voice in self._known):
            raise LanguageError(f"eSpeak NG has no voice {name!r}; list the voices to choose one")
        return name


class _Reading:
    """Audio and words of one piece on their way from the callback to the caller."""

    def __init__(self, text: str, rate_hz: int, emit: Emit) -> None:
        self.stopped = False
        self._text = text
        self._ratio = SPEECH_RATE_HZ / rate_hz
        self._emit = emit
        self._resampler = SpeechResampler(rate_hz)
        self._events: list[WordEvent] = []
        self._taken = 0
        self._emitted = 0

    def begin(self, char: int) -> functools.partial[bool]:
        """The callback of the clause that begins at `char`."""
        return functools.partial(self._take, char, self._taken)

    def finish(self, language: str, voices: dict[str, str]) -> Made:
        """Emit what the resampler still holds; the piece is made."""
        if not self.stopped:
            self._pass_on(self._resampler.finish())
        marks = to_marks(self._events, self._text, self._ratio, self._emitted)
        return Made(marks, estimated=False, language=language, voice=voices[language])

    def _take(self, char: int, sample: int, pcm: Pcm, words: list[tuple[int, int]]) -> bool:
        self._events += [WordEvent(char + offset, sample + at) for offset, at in words]
        self._taken += pcm.size
        return self._pass_on(self._resampler.take(pcm.astype(np.float32) / 32_768.0))

    def _pass_on(self, resampled: Samples) -> bool:
        self._emitted += resampled.size
        if resampled.size and not self._emit(resampled):
            self.stopped = True
        return not self.stopped
