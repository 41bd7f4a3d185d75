"""One stretch of audio through faster-whisper, as the streamer wants it."""

from collections.abc import Iterable
from typing import Any, Final

from streamtalk.asr.streaming.decoder import Decoding, Samples, Segment, TimedWord
from streamtalk.asr.whisper.speed import token_limit
from streamtalk.asr.whisper.window import WHOLE_S, Window
from streamtalk.proto.audio import MIC_RATE_HZ
from streamtalk.proto.errors import EngineError

Plan = dict[str, Any]
"""Arguments of `WhisperModel.transcribe` that make one way to decode."""

QUICK: Final[Plan] = {"beam_size": 1, "best_of": 1, "temperature": 0.0}
"""What a partial takes whatever the mode: a wrong word of it is seen for a moment only."""

MODES: Final[dict[str, Plan]] = {
    "fast": {"beam_size": 1, "best_of": 1, "temperature": (0.0, 0.4)},
    "balanced": {"beam_size": 5, "best_of": 3, "temperature": (0.0, 0.2, 0.4)},
    "quality": {"beam_size": 5, "best_of": 5, "temperature": (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)},
}
"""How a final is decoded; a higher temperature is tried only where the one before was no good."""


class WhisperDecoder:
    """Decodes with one loaded model; nothing is segmented here, our own VAD has done it.

    Grain: a call runs to its end. CTranslate2 releases the GIL while it computes.
    """

    def __init__(
        self,
        model: Any,  # noqa: ANN401 — untyped
        final: Plan,
        partial: Plan,
        window_s: float = WHOLE_S,
    ) -> None:
        self._model = model
        self._window = Window(model, window_s)
        self._plans = {True: final, False: partial}
        self.hotwords: str = ""

    def decode(self, samples: Samples, *, prompt: str, language: str, final: bool) -> Decoding:
        """The words of at most 30 s; raises EngineError where the model fails."""
        if not samples.size:
            return Decoding((), language)
        self._window.expect(samples.size)
        try:
            segments, info = self._model.transcribe(
                samples,
                language=None if language == "auto" else language,
                initial_prompt=prompt or None,
                hotwords=self.hotwords or None,
                word_timestamps=True,
                condition_on_previous_text=False,
                vad_filter=False,
                max_new_tokens=self._limit(samples.size),
                **self._plans[final],
            )
            found = list(segments)
        except (RuntimeError, ValueError, MemoryError) as error:
            raise EngineError(f"Whisper failed on {samples.size} samples: {error}") from error
        return Decoding(
            words=tuple(_words(found, samples.size)),
            language=str(info.language),
            segments=tuple(_segment(segment, samples.size) for segment in found),
        )

    def _limit(self, samples: int) -> int | None:
        """Tokens; with hotwords there may be no room for any limit beside the prompt."""
        return None if self.hotwords else token_limit(samples / MIC_RATE_HZ)


def _words(segments: Iterable[Any], samples: int) -> Iterable[TimedWord]:
    """Words ascending in time, none beyond the audio: Whisper places some in its padding."""
    last = 0
    for segment in segments:
        for word in segment.words or ():
            begin = max(last, _at(word.start, samples))
            last = max(begin, _at(word.end, samples))
            yield TimedWord(word.word, begin, last, min(max(float(word.probability), 0.0), 1.0))


def _segment(segment: Any, samples: int) -> Segment:  # noqa: ANN401 — faster-whisper has no types
    return Segment(
        text=segment.text,
        from_sample=_at(segment.start, samples),
        to_sample=_at(segment.end, samples),
        mean_log_probability=float(segment.avg_logprob),
        no_speech_probability=float(segment.no_speech_prob),
    )


def _at(seconds: float, samples: int) -> int:
    return min(max(round(float(seconds) * MIC_RATE_HZ), 0), samples)
