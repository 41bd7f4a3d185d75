"""Whisper by CTranslate2: a hundred languages, streamed by local agreement."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streamtalk.asr.config import FasterWhisperSettings
from streamtalk.asr.engine import Heard, Speech
from streamtalk.asr.loudness import from_pcm, peak_db
from streamtalk.asr.streaming.streamer import Progress, Streamer
from streamtalk.asr.trust.judge import Judge, sound_of
from streamtalk.asr.whisper.decoding import MODES, QUICK, WhisperDecoder
from streamtalk.asr.whisper.model_files import check_model, hub_id
from streamtalk.asr.writing.script import converted, opening
from streamtalk.proto.audio import MIC_RATE_HZ
from streamtalk.proto.errors import EngineError, EngineMissingError
from streamtalk.proto.recognition import Word

Origin = tuple[str, str, int]

_CHINESE: Final = ("zh", "yue")
_KEPT: Final = 64
"""Utterances that are followed at a time; the one not heard of for longest is dropped."""


class FasterWhisperEngine:
    """Whisper; a final costs what its partials have not settled yet.

    Cancel grain: a call is never cancelled. The GIL is free while the model computes.
    """

    features = ("dictation",)
    languages: tuple[str, ...] = ()

    def __init__(self, settings: FasterWhisperSettings) -> None:
        self._settings = settings
        self._decoder: WhisperDecoder | None = None
        self._streams: dict[Origin, Streamer] = {}
        self._judge = Judge()

    def load(self) -> None:
        """Load the model and decode one second; raises EngineMissingError, EngineError."""
        folder = _folder(self._settings.model)
        check_model(folder)
        model = _load(folder, self._settings)
        self.languages = _languages(model)
        final = dict(MODES[self._settings.mode])
        self._decoder = WhisperDecoder(model, final, dict(QUICK))
        self._decoder.hotwords = self._settings.hotwords
        self.check()

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
        streamer = self._streamer(speech)
        progress = streamer.final(samples) if speech.final else streamer.partial(samples)
        if not speech.final:
            return _heard(progress, final=False, samples=samples)
        judged = converted(progress.text, "simplified")
        reason = self._judge.reason(judged, progress.segments, sound_of(samples))
        if reason and self._settings.reject_invented:
            return Heard("", progress.language, 0.0, rejected=reason)
        return _heard(progress, final=True, samples=samples)

    def _streamer(self, speech: Speech) -> Streamer:
        """That of the utterance; a final takes it away."""
        found = self._streams.pop(speech.origin, None) if speech.origin else None
        if found is None:
            prompt = " ".join(filter(None, (self._settings.prompt, speech.hint)))
            openings = dict.fromkeys(_CHINESE, opening(speech.script))
            found = Streamer(self._loaded(), self._language(speech), prompt, openings)
        if speech.origin and not speech.final:
            self._streams[speech.origin] = found
            while len(self._streams) > _KEPT:
                del self._streams[next(iter(self._streams))]
        return found

    def _language(self, speech: Speech) -> str:
        """What the caller says, else what is configured."""
        asked = speech.language.partition("-")[0].lower()
        return self._settings.language if asked in {"", "auto"} else asked

    def _loaded(self) -> WhisperDecoder:
        if self._decoder is None:
            raise EngineError("the model is not loaded")
        return self._decoder


def _languages(model: Any) -> tuple[str, ...]:  # noqa: ANN401 — untyped library
    """Those that the vocabulary has a token for; the library lists what any Whisper knows."""
    known = model.supported_languages
    return tuple(name for name in known if model.hf_tokenizer.token_to_id(f"<|{name}|>"))


def _heard(progress: Progress, *, final: bool, samples: NDArray[np.float32]) -> Heard:
    words = tuple(
        Word(
            text=word.text.strip(),
            from_sample=min(word.from_sample, samples.size),
            to_sample=min(word.to_sample, samples.size),
            confidence=word.probability,
        )
        for word in progress.words
    )
    confidence = float(np.mean([word.confidence for word in words])) if words and final else 0.0
    return Heard(
        progress.text,
        progress.language,
        confidence,
        words=words,
        stable_chars=progress.stable_chars,
    )


def _folder(model: str) -> Path:
    """Where the model is: a folder as it stands, a name or hub id in the hub's cache."""
    path = Path(model).expanduser()
    if path.is_dir() or model.startswith((".", "/", "~")):
        return path
    from faster_whisper.utils import download_model  # noqa: PLC0415 — a second to import

    try:
        return Path(download_model(hub_id(model), local_files_only=True))
    except (OSError, ValueError) as error:
        text = (
            f"the model {model!r} is not on this machine: fetch it with "
            f"`huggingface-cli download {hub_id(model)}`, or name a folder"
        )
        raise EngineMissingError(text) from error


def _load(folder: Path, settings: FasterWhisperSettings) -> Any:  # noqa: ANN401 — untyped library
    from faster_whisper import WhisperModel  # noqa: PLC0415 — loads CTranslate2, 0.5 s

    load: Callable[..., Any] = WhisperModel
    try:
        return load(
            str(folder),
            device=settings.device,
            compute_type=_compute_type(settings),
            cpu_threads=settings.threads or int(os.environ.get("OMP_NUM_THREADS", "1")),
            local_files_only=True,
        )
    except (RuntimeError, ValueError, MemoryError, OSError) as error:
        raise EngineError(f"the model in {folder} cannot be loaded: {error}") from error


def _compute_type(settings: FasterWhisperSettings) -> str:
    """Int8 on a processor, int8 with float16 sums on a CUDA card, unless configured."""
    if settings.compute_type != "auto":
        return settings.compute_type
    from ctranslate2 import get_cuda_device_count  # noqa: PLC0415 — as above

    cuda = settings.device == "cuda" or (settings.device == "auto" and get_cuda_device_count())
    return "int8_float16" if cuda else "int8"
