"""An engine of exact cost and exact output, for load, benchmarks and deterministic tests."""

from streamtalk.asr.config import ScriptedSettings
from streamtalk.asr.engine import Heard, Speech
from streamtalk.asr.pace import Pace
from streamtalk.proto.audio import BYTES_PER_SAMPLE, MIC_RATE_HZ, samples_to_ms
from streamtalk.proto.recognition import Word
from streamtalk.runtime.burn import burn
from streamtalk.runtime.fault import go_wrong, hang_when_told


class ScriptedEngine:
    """Says what it was told to say; words are spread evenly over the audio."""

    features = ("grammar", "dictation")

    def __init__(self, settings: ScriptedSettings) -> None:
        self.languages = settings.languages
        self._settings = settings
        self.pace: Pace | None = None
        self._finals = 0
        self._calls = 0

    def load(self) -> None:
        """Nothing to load."""

    def check(self) -> None:
        """Goes wrong while transcripts do."""
        if 0 < self._calls >= self._settings.fault_after:
            self._fail_when_due()

    def hear(self, speech: Speech) -> Heard:
        """The next text, at the cost that was configured."""
        settings = self._settings
        self._fail_when_due()
        hang_when_told(settings.hang_file, hold_gil=settings.gil)
        burn(settings.cost_ms if speech.final else settings.partial_cost_ms, hold_gil=settings.gil)
        text = self._text(speech)
        self._finals += speech.final
        language = (self.languages or ("en",))[0] if speech.language == "auto" else speech.language
        words = _spread(text, len(speech.pcm) // BYTES_PER_SAMPLE, settings.confidence)
        return Heard(text, language, settings.confidence, words=words)

    def _fail_when_due(self) -> None:
        settings = self._settings
        number = self._calls - settings.fault_after
        due = number >= 0 and not 0 < settings.fault_lasts <= number
        self._calls += 1
        if due:
            go_wrong(settings.fault, hold_gil=settings.gil)

    def _text(self, speech: Speech) -> str:
        texts = self._settings.texts
        if texts:
            return texts[self._finals % len(texts)]
        audio_ms = samples_to_ms(len(speech.pcm) // BYTES_PER_SAMPLE, MIC_RATE_HZ)
        return self._settings.format.format(audio_ms=round(audio_ms))


def _spread(text: str, samples: int, confidence: float) -> tuple[Word, ...]:
    words = text.split()
    edges = [samples * index // max(len(words), 1) for index in range(len(words) + 1)]
    return tuple(
        Word(text=word, from_sample=start, to_sample=end, confidence=confidence)
        for word, start, end in zip(words, edges, edges[1:], strict=False)
    )
