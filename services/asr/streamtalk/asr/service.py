"""The `asr` service: a range of a microphone ring, or a payload, in; a transcript out."""

import time
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from streamtalk.asr.config import AsrConfig
from streamtalk.asr.engine import (
    ENGINES,
    Bounded,
    Choosing,
    Closable,
    Heard,
    Paced,
    RecognitionEngine,
    Speech,
)
from streamtalk.asr.pace import Budget
from streamtalk.asr.plausibility import check_heard, is_deaf
from streamtalk.asr.writing.script import has_converter
from streamtalk.asr.writing.writer import Writer
from streamtalk.client.ring import RingCache
from streamtalk.proto.audio import BYTES_PER_SAMPLE, MIC_RATE_HZ, samples_to_ms
from streamtalk.proto.errors import (
    LanguageError,
    MalformedError,
    NotReadyError,
    OverloadedError,
    StreamTalkError,
    UnknownMessageError,
)
from streamtalk.proto.limits import MAX_RANGE_S
from streamtalk.proto.message import Request
from streamtalk.proto.recognition import Transcribe, Transcript, Word
from streamtalk.runtime.engine_table import create_engine, missing_modules
from streamtalk.runtime.installing import how_to_install
from streamtalk.runtime.metrics import recognition_rejections
from streamtalk.runtime.worker import Call, Duty, Job, ServiceContext, Worker

_AUTO: Final = "auto"
_UNMEASURED_MS: Final = 3_000.0


@dataclass(frozen=True)
class _Result:
    heard: Heard
    samples: int
    compute_ms: float
    deaf: bool
    """Whether there was no text, though somebody spoke by the level of the audio."""


def chosen_engine(name: str) -> str:
    """The engine that `auto` stands for: the first of the table whose modules are installed."""
    if name != _AUTO:
        return name
    return next(name for name, spec in ENGINES.items() if not missing_modules(spec))


class AsrWorker(Worker[AsrConfig]):
    """One engine; finals in the order they came, partials only when nothing else is to do."""

    service: ClassVar[str] = "asr"

    def __init__(self, context: ServiceContext, config: AsrConfig) -> None:
        super().__init__(context, config)
        self._engine_name = chosen_engine(config.engine)
        self._engine: RecognitionEngine | None = None
        self._bounded: Bounded | None = None
        self._closable: Closable | None = None
        self._rings = RingCache()
        self._rejections = recognition_rejections()
        self._writer = Writer(config.writing)

    # Engine thread.

    def load(self) -> None:
        """Build and load the engine."""
        settings = getattr(self.config.engines, self._engine_name, None)
        engine: RecognitionEngine = create_engine("asr", ENGINES, self._engine_name, settings)
        engine.load()
        self._engine = engine
        self._bounded = engine if isinstance(engine, Bounded) else None
        self._closable = engine if isinstance(engine, Closable) else None
        if isinstance(engine, Choosing) and engine.about:
            self.log.info("model", extra={"fields": {"chosen": engine.about}})
        self._say_what_lacks(engine)

    def _say_what_lacks(self, engine: RecognitionEngine) -> None:
        """Chinese stays in the script that it is heard in without the converter."""
        understands = not engine.languages or "zh" in engine.languages
        if understands and self.config.writing.script != "as heard" and not has_converter():
            advice = f"{how_to_install('zh')}: to have one script of Chinese"
            self.log.info("script", extra={"fields": {"advice": advice}})

    def canned(self) -> str:
        """Have the engine transcribe a clip whose text is known."""
        self._loaded().check()
        return f"the {self._engine_name} engine understood its clip"

    def canned_budget_ms(self) -> float:
        """The clip is 3 s at most."""
        return max(super().canned_budget_ms(), self._budget_ms(3_000.0))

    def _budget_ms(self, audio_ms: float) -> float:
        """Of one transcript, and never less than an engine's own deadline."""
        own_ms = self._bounded.deadline_ms(audio_ms) if self._bounded is not None else 0.0
        return max(self._budget().of(audio_ms), own_ms)

    def _budget(self) -> Budget:
        """Of one transcript: as configured, else by the engine's pace, else by the rule."""
        config, engine = self.config, self._engine
        if not config.budget_ms and isinstance(engine, Paced) and engine.pace is not None:
            return engine.pace.budget()
        return Budget(config.budget_ms or _UNMEASURED_MS, config.budget_real_time_factor)

    def _transcribe(self, ask: Transcribe, payload: bytes) -> _Result:
        pcm = payload
        if ask.ring:
            pcm = self._rings.read(ask.ring, ask.stream, ask.from_sample, ask.to_sample)
        started_ns = time.monotonic_ns()
        heard = self._loaded().hear(
            Speech(
                pcm=pcm,
                final=ask.final,
                origin=(ask.ring, ask.stream, ask.from_sample) if ask.ring else None,
                language=ask.language,
                grammar=ask.grammar,
                hint=ask.hint,
                script=self.config.writing.script,
                voice=ask.voice,
            )
        )
        compute_ms = (time.monotonic_ns() - started_ns) / 1e6
        check_heard(heard)
        deaf = ask.final and is_deaf(heard, pcm)
        if not self._is_command(ask, heard):
            heard = self._writer.write(heard, final=ask.final)
        return _Result(heard, len(pcm) // BYTES_PER_SAMPLE, compute_ms, deaf)

    def _is_command(self, ask: Transcribe, heard: Heard) -> bool:
        """Whether the text is the caller's own, word for word, from its grammar."""
        listened = bool(ask.grammar) and "grammar" in self._loaded().features
        return listened and heard.rejected != "grammar"

    # Receive thread.

    def describe(self) -> dict[str, Any]:
        """The engine, its languages and what callers may ask of it."""
        engine = self._engine
        if engine is None:
            return {"engine": self._engine_name}
        budget = self._budget()
        return {
            "engine": self._engine_name,
            "languages": list(engine.languages),
            "features": list(engine.features),
            "budget_ms": round(budget.base_ms, 1),
            "budget_factor": round(budget.factor, 3),
        }

    def on_request(self, request: Request, payload: bytes, call: Call) -> None:
        """Serve `transcribe`."""
        if not isinstance(request, Transcribe):
            raise UnknownMessageError(f"asr does not serve {type(request).__name__}")
        samples = audio_samples(request, payload)
        self._check_language(request.language)
        if not request.final and not self.engine_idle:
            raise OverloadedError("the engine is at work; a partial transcript does not wait")
        audio_ms = samples_to_ms(samples, MIC_RATE_HZ)
        job = Job(
            "transcribe" if request.final else "partial",
            self._budget_ms(audio_ms),
            run=lambda: self._transcribe(request, payload),
            done=lambda result: self._on_done(request, result, call),
            failed=lambda error: self._on_failed(error, call),
            duty=Duty.URGENT if request.final else Duty.BACKGROUND,
        )
        self.submit(job)

    def metrics_text(self) -> str:
        """What every service counts, and which transcripts were rejected and why."""
        return super().metrics_text() + "\n".join(self._rejections.lines()) + "\n"

    def on_close(self) -> None:
        """Let the engine end its call, then unmap the rings."""
        super().on_close()
        if self._closable is not None:
            self._closable.close()
        self._rings.close()

    def _check_language(self, language: str) -> None:
        known = self._loaded().languages
        primary = language.partition("-")[0].lower()
        if known and primary not in {"", _AUTO, *known}:
            spoken = ", ".join(known)
            text = f"{self._engine_name} understands {spoken}, not {language!r}: swap the engine"
            raise LanguageError(text)

    def _on_done(self, request: Transcribe, result: _Result, call: Call) -> None:
        if result.deaf:
            self.count_doubt()
        else:
            self.evidence.succeeded(result.compute_ms if request.final else None)
        if request.final and result.heard.rejected:
            self._rejections.add(result.heard.rejected)
        call.reply(transcript(request, result.heard, result.samples, result.compute_ms))

    def _on_failed(self, error: StreamTalkError, call: Call) -> None:
        call.refuse(error)
        self.count_failure(error)

    def _loaded(self) -> RecognitionEngine:
        if self._engine is None:
            raise NotReadyError("the model is still being loaded; try again in a moment")
        return self._engine


def audio_samples(request: Transcribe, payload: bytes) -> int:
    """Length of the audio that a call names; raises MalformedError for none, or too much."""
    if request.ring:
        samples = request.to_sample - request.from_sample
    elif len(payload) % BYTES_PER_SAMPLE:
        raise MalformedError("the payload is not s16le: it has an odd number of bytes")
    else:
        samples = len(payload) // BYTES_PER_SAMPLE
    if not 0 < samples <= MAX_RANGE_S * MIC_RATE_HZ:
        raise MalformedError(f"{samples} samples: name a ring and a range of 1 sample to 60 s")
    return samples


def transcript(request: Transcribe, heard: Heard, samples: int, compute_ms: float) -> Transcript:
    """The reply, words placed in the stream that the request named."""
    first = request.from_sample if request.ring else 0
    words = [
        Word(
            text=word.text,
            from_sample=first + word.from_sample,
            to_sample=first + word.to_sample,
            confidence=word.confidence,
        )
        for word in heard.words
    ]
    return Transcript(
        text=heard.text,
        final=request.final,
        language=heard.language,
        confidence=heard.confidence,
        rejected=heard.rejected,
        words=words,
        stable_chars=heard.stable_chars,
        audio_ms=samples_to_ms(samples, MIC_RATE_HZ),
        compute_ms=compute_ms,
    )
