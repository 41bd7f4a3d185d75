"""An engine of exact cost and exact output, for load, benchmarks and deterministic tests."""

from streamtalk.asr.config import ScriptedSettings
from streamtalk.asr.engine import Heard, Speech
from streamtalk.asr.loudness import from_pcm
from streamtalk.asr.pace import Pace
from streamtalk.asr.streaming.decoder import TimedWord
from streamtalk.asr.streaming.following import Following, heard
from streamtalk.asr.streaming.scripted import Cost, ScriptedDecoder
from streamtalk.asr.streaming.streamer import Streamer
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
        self.pace = _pace(settings)
        self._finals = 0
        self._calls = 0
        self._following = Following(self._streamer)

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
        if settings.script:
            return self._follow(speech)
        burn(settings.cost_ms if speech.final else settings.partial_cost_ms, hold_gil=settings.gil)
        text = self._text(speech)
        self._finals += speech.final
        language = (self.languages or ("en",))[0] if speech.language == "auto" else speech.language
        words = _spread(text, len(speech.pcm) // BYTES_PER_SAMPLE, settings.confidence)
        return Heard(text, language, settings.confidence, words=words)

    def _follow(self, speech: Speech) -> Heard:
        """The words of the script that the audio holds, as a streaming recogniser settles them."""
        whole = speech.final and not self._settings.streamed
        streamer = self._streamer(speech) if whole else self._following.of(speech)
        samples = from_pcm(speech.pcm)
        progress = streamer.final(samples) if speech.final else streamer.partial(samples)
        return heard(progress, final=speech.final, samples=samples.size)

    def _streamer(self, speech: Speech) -> Streamer:
        settings = self._settings
        first = speech.origin[2] if speech.origin else 0
        cost = Cost(settings.encode_ms, settings.real_time_factor)
        script = [
            TimedWord(f" {word.text}", _sample(word.from_s) - first, _sample(word.to_s) - first)
            for word in settings.script
            if _sample(word.from_s) >= first
        ]
        decoder = ScriptedDecoder(
            script,
            lambda: streamer.window_from,
            lambda samples: burn(cost.ms(samples), hold_gil=settings.gil),
        )
        streamer = Streamer(decoder, speech.language)
        return streamer

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


def _pace(settings: ScriptedSettings) -> Pace:
    """What a call costs, which nobody has to measure."""
    if settings.script:
        return Pace(settings.encode_ms, settings.real_time_factor)
    return Pace(max(settings.cost_ms, settings.partial_cost_ms), 0.0)


def _sample(seconds: float) -> int:
    return round(seconds * MIC_RATE_HZ)


def _spread(text: str, samples: int, confidence: float) -> tuple[Word, ...]:
    words = text.split()
    edges = [samples * index // max(len(words), 1) for index in range(len(words) + 1)]
    return tuple(
        Word(text=word, from_sample=start, to_sample=end, confidence=confidence)
        for word, start, end in zip(words, edges, edges[1:], strict=False)
    )
