"""Spark-TTS on MLX: English and Chinese, cloned or made-up voices, chunks as the machine allows."""

from collections.abc import Generator
from typing import Final

import numpy as np

from streamtalk.proto.errors import EngineError, InputError, LanguageError
from streamtalk.proto.synthesis import Voice
from streamtalk.runtime.models.progress import Report
from streamtalk.tts.config import SparkSettings
from streamtalk.tts.engine import Emit, Made, Order, Samples
from streamtalk.tts.language import main_language, spans
from streamtalk.tts.marks import spread
from streamtalk.tts.resampler import SpeechResampler
from streamtalk.tts.spark.checkpoint import identity
from streamtalk.tts.spark.enrol import TEXTS, made_up
from streamtalk.tts.spark.fetching import fetch_model, model_folder
from streamtalk.tts.spark.fingerprint import fingerprint
from streamtalk.tts.spark.limits import Limits
from streamtalk.tts.spark.prompt import Style
from streamtalk.tts.spark.sampling import Sampling
from streamtalk.tts.spark.seam import Audio
from streamtalk.tts.spark.speech import Pace, SparkModel, SparkPiece
from streamtalk.tts.spark.tempo import Tempo
from streamtalk.tts.spark.voices import StoredVoice, VoiceFolder

_MODEL_RATE_HZ: Final = 16_000
_NOTHING: Final[Samples] = np.zeros(0, np.float32)


def load_model(settings: SparkSettings) -> SparkModel:
    """The model that the settings name."""
    sampling = Sampling(
        temperature=settings.temperature,
        top_k=settings.top_k,
        top_p=settings.top_p,
        seed=settings.seed,
    )
    limits = Limits(
        tokens_per_char=settings.tokens_per_char,
        least_tokens=settings.least_tokens,
        silence_ms=settings.silence_ms,
    )
    return SparkModel(model_folder(settings.model), settings.precision, sampling, limits)


class SparkMlxEngine:
    """A step is a chunk. Everything of MLX runs on the thread that calls.

    Cancel grain: a token, 20 ms of audio, while a chunk is being collected; then its window.
    """

    def __init__(self, settings: SparkSettings) -> None:
        self._settings = settings
        self._folder = VoiceFolder(settings.voices_path())
        self._voices: dict[str, StoredVoice] = {}

    def fetch(self, report: Report) -> None:
        """Bring the checkpoint where `model` is a hub id whose files are not here."""
        fetch_model(self._settings.model, report)

    def load(self) -> None:
        """Read the checkpoint, make what voices are missing, and measure and warm everything."""
        self._model = load_model(self._settings)
        self._model_identity = identity(model_folder(self._settings.model))
        self._voices = {name: self._folder.read(name) for name in self._folder.names()}
        for language in TEXTS:
            if all(voice.language != language for voice in self._voices.values()):
                self._make_default(language)
        for voice in self._voices.values():
            self._model.decoder.condition(voice.global_tokens)
        self._pace = Pace(self._model, self._settings.mode)
        self._pace.measure(self._model, self._voice_named("en"), TEXTS["en"])

    def voices(self) -> list[Voice]:
        """Those of the folder; each speaks both languages, and is listed with its own."""
        return [
            Voice(name=name, language=voice.language or "en", description=voice.description)
            for name, voice in self._voices.items()
        ]

    def fingerprint(self, order: Order) -> str:
        """Checkpoint, settings and the numbers of the voice that the order gets."""
        voice = self._known(order.voice or self._default_name(_language_of(order)))
        return fingerprint(self._model_identity, self._settings, voice)

    def speak(self, order: Order, emit: Emit) -> Generator[None, None, Made]:
        """One step for each chunk."""
        language = _language_of(order)
        name = order.voice or self._default_name(language)
        voice = self._known(name)
        piece = SparkPiece(self._model, order.text, voice, self._pace.schedule(order.text))
        outlet = _Outlet(order.rate, emit)
        while True:
            audio = piece.chunk(outlet.wanted)
            if audio is None or not outlet.pass_on(audio, last=piece.finished) or piece.finished:
                break
            yield
        return Made(spread(order.text, outlet.emitted), True, language, name)  # noqa: FBT003

    def _make_default(self, language: str) -> None:
        name = f"default-{language}"
        self._voices[name] = made_up(self._model, Style(), language)
        self._folder.write(name, self._voices[name])

    def _default_name(self, language: str) -> str:
        configured = self._settings.voices.get(language)
        if configured:
            return configured
        return next(n for n, voice in self._voices.items() if voice.language == language)

    def _voice_named(self, language: str) -> StoredVoice:
        return self._known(self._default_name(language))

    def _known(self, name: str) -> StoredVoice:
        """The voice; one that was stored since the start is found too."""
        if name not in self._voices:
            try:
                self._voices[name] = self._folder.read(name)
            except InputError as error:
                raise LanguageError(str(error)) from error
        return self._voices[name]


def _language_of(order: Order) -> str:
    language = main_language(spans(order.text, order.language))
    if language not in TEXTS:
        raise LanguageError(f"Spark-TTS speaks English and Chinese, not {language!r}")
    return language


class _Outlet:
    """From the model's rate and pace to those that were ordered."""

    def __init__(self, rate: float, emit: Emit) -> None:
        self.emitted = 0
        self._emit = emit
        self._tempo = Tempo(rate)
        self._resampler = SpeechResampler(_MODEL_RATE_HZ)

    def wanted(self) -> bool:
        """Whether the piece is still wanted."""
        return self._emit(_NOTHING)

    def pass_on(self, audio: Audio, *, last: bool) -> bool:
        """Emit samples at 16 kHz; false when no more are wanted."""
        if not np.isfinite(audio).all():
            raise EngineError("the model made samples that are no numbers: its weights are broken")
        paced = self._tempo.feed(audio, last=last)
        resampled = self._resampler.take(paced)
        if last:
            resampled = np.concatenate([resampled, self._resampler.finish()])
        self.emitted += resampled.size
        return not resampled.size or self._emit(np.clip(resampled, -1.0, 1.0))
