"""Whisper by CTranslate2: a hundred languages, streamed by local agreement."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from streamtalk.asr.config import FasterWhisperSettings
from streamtalk.asr.engine import Heard, Speech
from streamtalk.asr.loudness import from_pcm, peak_db
from streamtalk.asr.pace import Pace
from streamtalk.asr.streaming.following import Following, heard
from streamtalk.asr.streaming.streamer import Streamer
from streamtalk.asr.trust.judge import Judge, sound_of
from streamtalk.asr.whisper.auto import best_here, bounded_threads
from streamtalk.asr.whisper.decoding import MODES, QUICK, Plan, WhisperDecoder
from streamtalk.asr.whisper.machine import compute_type
from streamtalk.asr.whisper.model_files import advice, check_model
from streamtalk.asr.whisper.places import AUTO, find_model, is_folder
from streamtalk.asr.whisper.speed import measure, pace_of
from streamtalk.asr.writing.script import converted, opening
from streamtalk.proto.audio import MIC_RATE_HZ
from streamtalk.proto.errors import EngineError, EngineMissingError, LanguageError

_TOO_LARGE: Final = (
    "there is not enough memory for the model in {folder}: choose a smaller one, or free some"
)
_CHINESE: Final = ("zh", "yue")


class FasterWhisperEngine:
    """Whisper; a final costs what its partials have not settled yet.

    Cancel grain: a call is never cancelled. The GIL is free while the model computes.
    """

    features = ("dictation",)
    languages: tuple[str, ...] = ()

    def __init__(self, settings: FasterWhisperSettings) -> None:
        self._settings = settings
        self._decoder: WhisperDecoder | None = None
        self._following = Following(self._streamer)
        self._judge = Judge()
        self.pace: Pace | None = None
        self.about = ""
        """Which model was chosen, and why; empty where it was named."""

    def load(self) -> None:
        """Load the model and decode one second.

        Raises EngineMissingError, LanguageError for a configured language that the model lacks, or
        EngineError, which says what is wrong with the model.
        """
        folder = self._find()
        try:
            check_model(folder)
            self._take(_load(folder, self._settings))
        except MemoryError as error:
            raise EngineError(_TOO_LARGE.format(folder=folder)) from error
        except LanguageError:
            raise
        except EngineError as error:
            if "alloc" in str(error):
                raise EngineError(_TOO_LARGE.format(folder=folder)) from error
            raise

    def _find(self) -> Path:
        model = self._settings.model
        if model == AUTO:
            choice = best_here(self._settings, _service_threads())
            model, self.about = choice.model, choice.reason
        return _folder(model)

    def _take(self, model: Any) -> None:  # noqa: ANN401 — untyped library
        """Make a loaded model the one that is used: warmed, tried, and its speed known."""
        self.languages = _languages(model)
        self._check_language()
        final = dict(MODES[self._settings.mode])
        self._decoder = WhisperDecoder(model, final, dict(QUICK), self._settings.window_s)
        self._decoder.hotwords = self._settings.hotwords
        self.check()
        self.pace = pace_of(measure(model, final), tries=_tries(final))

    def _check_language(self) -> None:
        language = self._settings.language
        if language not in {"auto", *self.languages}:
            known = ", ".join(self.languages)
            text = f"engines.faster_whisper.language is {language!r}, the model knows {known}"
            raise LanguageError(text)

    def check(self) -> None:
        """Decode a second of a tone; raises EngineError unless that gives a result of sense.

        There is no clip whose words every model knows, so what is checked is that the model runs.
        """
        tone = 0.1 * np.sin(np.arange(MIC_RATE_HZ, dtype=np.float32) * 0.17)
        language = self._settings.language
        self._loaded().decode(
            tone.astype(np.float32),
            prompt="",
            language="en" if language == "auto" else language,
            final=False,
        )

    def hear(self, speech: Speech) -> Heard:
        """Transcribe; raises EngineError where the model fails."""
        samples = from_pcm(speech.pcm)
        if peak_db(samples) < self._settings.silence_db:
            return Heard("", self._language(speech), 0.0, rejected="silence")
        streamer = self._following.of(speech)
        progress = streamer.final(samples) if speech.final else streamer.partial(samples)
        if not speech.final:
            return heard(progress, final=False, samples=samples.size)
        judged = converted(progress.text, "simplified")
        sound = sound_of(samples)
        reason = self._judge.reason(judged, progress.segments, sound, speech.voice)
        if reason and self._settings.reject_invented:
            return Heard("", progress.language, 0.0, rejected=reason)
        return heard(progress, final=True, samples=samples.size)

    def _streamer(self, speech: Speech) -> Streamer:
        prompt = " ".join(filter(None, (self._settings.prompt, speech.hint)))
        openings = dict.fromkeys(_CHINESE, opening(speech.script))
        return Streamer(self._loaded(), self._language(speech), prompt, openings)

    def _language(self, speech: Speech) -> str:
        """What the caller says, else what is configured."""
        asked = speech.language.partition("-")[0].lower()
        return self._settings.language if asked in {"", "auto"} else asked

    def _loaded(self) -> WhisperDecoder:
        if self._decoder is None:
            raise EngineError("the model is not loaded")
        return self._decoder


def _tries(plan: Plan) -> int:
    """How many temperatures a decoding may go through."""
    temperatures = plan["temperature"]
    return len(temperatures) if isinstance(temperatures, tuple) else 1


def _languages(model: Any) -> tuple[str, ...]:  # noqa: ANN401 — untyped library
    """Those that the vocabulary has a token for; the library lists what any Whisper knows."""
    known = model.supported_languages
    return tuple(name for name in known if model.hf_tokenizer.token_to_id(f"<|{name}|>"))


def _service_threads() -> int:
    """What the table of the service allows: the runtime has told every library so."""
    return int(os.environ.get("OMP_NUM_THREADS", "1"))


def _folder(model: str) -> Path:
    """Where the model is; raises EngineMissingError that says how to bring it."""
    if is_folder(model):
        return Path(model).expanduser()
    found = find_model(model)
    if found is None:
        raise EngineMissingError(f"the model {model!r} is not on this machine: {advice(model)}")
    return found


def _load(folder: Path, settings: FasterWhisperSettings) -> Any:  # noqa: ANN401 — untyped library
    from faster_whisper import WhisperModel  # noqa: PLC0415 — loads CTranslate2, 0.5 s
    from faster_whisper.transcribe import tqdm  # noqa: PLC0415 — as above

    # No thread that watches over progress bars which nobody sees.
    tqdm.monitor_interval = 0
    load: Callable[..., Any] = WhisperModel
    try:
        return load(
            str(folder),
            device=settings.device,
            compute_type=compute_type(settings.device, settings.compute_type),
            cpu_threads=bounded_threads(settings, _service_threads()),
            local_files_only=True,
        )
    except (RuntimeError, ValueError, MemoryError, OSError) as error:
        raise EngineError(f"the model in {folder} cannot be loaded: {error}") from error
