"""One piece while it is being made: the engine's steps, and what they bring."""

from collections.abc import Callable, Generator

from streamtalk.proto.synthesis import Speak, Spoken
from streamtalk.tts.audible import SilenceGuard, to_pcm
from streamtalk.tts.engine import Made, Order, Samples, SpeechEngine
from streamtalk.tts.shaping import PieceShaper

Deliver = Callable[[bytes], None]
"""Takes s16le mono PCM, 24 kHz."""


class Utterance:
    """Steps run on the engine thread; only `cancelled` is written by another."""

    def __init__(
        self,
        speak: Speak,
        text: str,
        deliver: Deliver,
        clock_ns: Callable[[], int],
        shaper: PieceShaper | None = None,
    ) -> None:
        self.speak = speak
        self.cancelled = False
        self._order = Order(text, speak.piece, speak.language, speak.voice, speak.rate)
        self._deliver = deliver
        self._clock_ns = clock_ns
        self._shaper = shaper
        self._guard = SilenceGuard()
        self._steps: Generator[None, None, Made] | None = None
        self._ordered_ns = clock_ns()
        self._first_ns: int | None = None
        self._compute_ns = 0
        self._samples = 0

    def step(self, engine: SpeechEngine) -> Spoken | None:
        """Make a little more; the reply when all is made, None before that and when cancelled.

        Raises EngineError when the engine fails, or is mute where there are words.
        """
        if self.cancelled:
            self.close()
            return None
        began_ns = self._clock_ns()
        if self._steps is None:
            self._steps = engine.speak(self._order, self._take)
        try:
            next(self._steps)
        except StopIteration as end:
            self._compute_ns += self._clock_ns() - began_ns
            return self._finish(end.value)
        self._compute_ns += self._clock_ns() - began_ns
        return None

    def close(self) -> None:
        """Let the engine clean up after a piece that is not wanted. Engine thread."""
        if self._steps is not None:
            self._steps.close()

    def _take(self, audio: Samples) -> bool:
        if self.cancelled:
            return False
        if self._first_ns is None and audio.size:
            self._first_ns = self._clock_ns()
        if self.speak.volume > 0:
            self._guard.take(audio)
        self._samples += audio.size
        if self._shaper is None:
            self._deliver(to_pcm(audio, self.speak.volume))
        elif (shaped := self._shaper.take(audio)).size:
            self._deliver(to_pcm(shaped, 1.0))
        return not self.cancelled

    def _finish(self, made: Made) -> Spoken:
        if self.speak.volume > 0:
            self._guard.end()
        if self._shaper is not None:
            self._deliver(to_pcm(self._shaper.finish(), 1.0))
        first_ns = self._first_ns or self._clock_ns()
        return Spoken(
            answer=self.speak.answer,
            piece=self.speak.piece,
            total_samples=self._samples,
            marks=made.marks,
            estimated=made.estimated,
            language=made.language,
            voice=made.voice[:64],
            first_audio_ms=(first_ns - self._ordered_ns) / 1e6,
            compute_ms=self._compute_ns / 1e6,
        )


def nothing_said(speak: Speak) -> Spoken:
    """The reply to a piece without a letter or digit."""
    return Spoken(
        answer=speak.answer,
        piece=speak.piece,
        total_samples=0,
        language="en" if speak.language == "auto" else speak.language,
        voice=speak.voice,
        first_audio_ms=0.0,
        compute_ms=0.0,
    )
