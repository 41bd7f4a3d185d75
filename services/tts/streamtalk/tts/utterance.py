"""One piece while it is being made: the engine's steps, and what they bring."""

from collections.abc import Callable, Sequence

from streamtalk.proto.synthesis import Mark, Speak, Spoken
from streamtalk.tts.audible import SilenceGuard, SilenceHold, to_pcm
from streamtalk.tts.engine import Made, Order, Samples, SpeechEngine, Steps
from streamtalk.tts.marks import to_original
from streamtalk.tts.normal import Normal
from streamtalk.tts.shaping import PieceShaper

Deliver = Callable[[bytes], None]
"""Takes s16le mono PCM, 24 kHz."""

Tell = Callable[[list[Mark]], None]
"""Takes marks of the piece that are certain, before the audio that they lie in."""


class Utterance:
    """Steps run on the engine thread; only `cancelled` is written by another."""

    def __init__(
        self,
        speak: Speak,
        said: Normal,
        deliver: Deliver,
        clock_ns: Callable[[], int],
        tell: Tell = lambda _: None,
        shaper: PieceShaper | None = None,
    ) -> None:
        self.speak = speak
        self.cancelled = False
        self.said = said
        self._order = Order(said.text, speak.piece, speak.language, speak.voice, speak.rate)
        self._deliver = deliver
        self._clock_ns = clock_ns
        self._tell = tell
        self._shaper = shaper
        self._guard = SilenceGuard()
        self._hold = SilenceHold()
        self._untold: list[Mark] = []
        self._told_char = -1
        self._steps: Steps | None = None
        self._ordered_ns = clock_ns()
        self._first_ns: int | None = None
        self._compute_ns = 0
        self._samples = 0

    def step(self, engine: SpeechEngine) -> Spoken | None:
        """Make a little more; the reply when all is made, None before that and when cancelled.

        Raises EngineError when the engine fails, or is mute where there are words.
        """
        if self._let_go():
            return None
        began_ns = self._clock_ns()
        steps = self._steps = self._steps or engine.speak(self._order, self._take)
        try:
            known = next(steps)
            self._learn(known or ())
            if known and self._first_ns is None:
                # Words alone are no sound, which is what somebody waits for.
                known = next(steps)
                self._learn(known or ())
        except StopIteration as end:
            self._compute_ns += self._clock_ns() - began_ns
            return self._finish(end.value)
        self._compute_ns += self._clock_ns() - began_ns
        self._let_go()
        return None

    def _let_go(self) -> bool:
        if self.cancelled:
            self.close()
        return self.cancelled

    def close(self) -> None:
        """Let the engine clean up after a piece that is not wanted. Engine thread."""
        if self._steps is not None:
            self._steps.close()

    def _take(self, audio: Samples) -> bool:
        if self.cancelled:
            return False
        if not audio.size:
            return True
        if self._first_ns is None:
            self._first_ns = self._clock_ns()
        if self.speak.volume > 0:
            self._guard.take(audio)
        self._samples += audio.size
        for part in self._hold.take(audio) if self.speak.volume > 0 else (audio,):
            self._learn(())
            self._send(part)
        return not self.cancelled

    def _send(self, audio: Samples) -> None:
        if self._shaper is None:
            self._deliver(to_pcm(audio, self.speak.volume))
        elif (shaped := self._shaper.take(audio)).size:
            self._deliver(to_pcm(shaped, 1.0))

    def _learn(self, marks: Sequence[Mark]) -> None:
        """Tell of words as far as the voice has sounded: of a mute one they would be lost."""
        self._untold += marks
        due = [mark for mark in self._untold if mark.sample < self._hold.sounded]
        if not due:
            return
        self._untold = self._untold[len(due) :]
        placed = to_original(due, self.said, self.speak.text)
        new = [mark for mark in placed if mark.char > self._told_char]
        if new:
            self._told_char = new[-1].char
            self._tell(new)

    def _finish(self, made: Made) -> Spoken:
        if self.speak.volume > 0:
            self._guard.end()
        for part in self._hold.release():
            self._send(part)
        if self._shaper is not None:
            self._deliver(to_pcm(self._shaper.finish(), 1.0))
        first_ns = self._first_ns or self._clock_ns()
        return Spoken(
            answer=self.speak.answer,
            piece=self.speak.piece,
            total_samples=self._samples,
            marks=to_original(made.marks, self.said, self.speak.text),
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
