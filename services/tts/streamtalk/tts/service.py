"""The `tts` service: pieces in by call, speech frames out on the bus, by credit."""

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from streamtalk.proto.audio import SPEECH_RATE_HZ, samples_to_ms
from streamtalk.proto.errors import (
    EngineError,
    MalformedError,
    MessageError,
    NotReadyError,
    OverloadedError,
    SessionError,
    StreamTalkError,
    UnknownMessageError,
)
from streamtalk.proto.message import Ok, Request
from streamtalk.proto.synthesis import Cancel, ListVoices, Mark, Speak, Spoken, Voice, Voices
from streamtalk.runtime.engine_table import create_engine, missing_modules
from streamtalk.runtime.worker import Call, Duty, Job, ServiceContext, Worker
from streamtalk.tts.answers import Answers
from streamtalk.tts.cache.opening import SpeechCache
from streamtalk.tts.cache.preload import Preload
from streamtalk.tts.config import TtsConfig
from streamtalk.tts.delivery import Delivery
from streamtalk.tts.engine import ENGINES, Calibrated, Fetched, Order, SpeechEngine
from streamtalk.tts.language import expected_language, main_language, spans
from streamtalk.tts.loudness import Loudness
from streamtalk.tts.normal import Normal, normalise, warm_up
from streamtalk.tts.pace import Pace
from streamtalk.tts.pieces import KeptPiece
from streamtalk.tts.progress import Progress
from streamtalk.tts.rota import Rota
from streamtalk.tts.shaping import PieceShaper
from streamtalk.tts.speakable import is_speakable
from streamtalk.tts.utterance import Utterance, nothing_said

CANNED_TEXT: Final = "Ready."
_CACHE_CLOSE_S: Final = 1.0
_EXPIRY_NS: Final = 1_000_000_000


@dataclass
class _Task:
    """A piece on its way: who asked, what is kept of it, what the engine does for it."""

    calls: list[Call]
    piece: KeptPiece
    utterance: Utterance
    opens: bool
    """Whether the piece begins its answer: somebody waits for its first sound."""

    first: bool
    """Whether the next step makes an answer's first sound, which goes before later ones."""

    @property
    def session(self) -> str:
        """Whose answer it is part of."""
        return self.piece.order.session


def chosen_engine(name: str) -> str:
    """The engine that `auto` stands for: the first of the table whose modules are installed."""
    if name != "auto":
        return name
    return next(name for name, spec in ENGINES.items() if not missing_modules(spec))


class TtsWorker(Worker[TtsConfig]):
    """One engine, any number of sessions; the engine makes one step for each session in turn."""

    service: ClassVar[str] = "tts"

    def __init__(self, context: ServiceContext, config: TtsConfig) -> None:
        super().__init__(context, config)
        self._engine_name = chosen_engine(config.engine)
        self._engine: SpeechEngine | None = None
        self._loudness: Loudness | None = None
        self._cache = SpeechCache(config.cache, self.log)
        self._voices: list[Voice] = []
        patience_ns = int(config.kept_s * 1e9)
        self._answers = Answers(config.kept_limit_mb << 20, patience_ns)
        self._delivery = Delivery(self._answers, self.publish, self.subscribe, self.unsubscribe)
        self._progress = Progress(self.publish)
        self._pace = Pace()
        self._rota: Rota[_Task] = Rota()
        self._tasks: dict[int, _Task] = {}
        phrases = [normalise(text).text for text in config.preload]
        orders = [Order(text) for text in phrases if is_speakable(text)]
        self._preload = Preload(orders, self._preload_job, self._budget_ms, self.log)

    # Engine thread.

    def load(self) -> None:
        """Build and load the engine."""
        settings = getattr(self.config.engines, self._engine_name, None)
        engine: SpeechEngine = create_engine("tts", ENGINES, self._engine_name, settings)
        if isinstance(engine, Fetched):
            engine.fetch(self.hear_fetch)
        engine.load()
        warm_up()
        self._voices = engine.voices()
        self._engine = self._cache.before(engine)
        self._bare_engine = engine
        if not isinstance(engine, Calibrated) or not engine.calibrated:
            self._loudness = Loudness(self.config.loudness_dbfs)

    def canned(self) -> str:
        """Say one word; raises EngineError unless it can be heard."""
        speak = Speak(session="canned", answer="canned", piece=0, text=CANNED_TEXT)
        said = normalise(speak.text)
        utterance = Utterance(
            speak, said, lambda _pcm: None, time.monotonic_ns, shaper=self._shaper(speak)
        )
        try:
            while (spoken := utterance.step(self._bare_engine)) is None:
                self.let_calls_go_first()
        finally:
            utterance.close()
        if self._loudness is not None:
            self._loudness.of(speak.voice).settle()
        heard_ms = samples_to_ms(spoken.total_samples, SPEECH_RATE_HZ)
        return f"said {CANNED_TEXT!r} audibly in {heard_ms:.0f} ms of speech"

    def canned_budget_ms(self) -> float:
        """That of every step, and as much again as any canned request may take."""
        return super().canned_budget_ms() + self._budget_ms(CANNED_TEXT)

    def _budget_ms(self, text: str) -> float:
        return self.config.budget_ms + self.config.budget_ms_per_char * len(text)

    # Receive thread.

    def describe(self) -> dict[str, Any]:
        """The engine and its languages."""
        languages = sorted({voice.language for voice in self._voices})
        budget_ms = self.config.first_audio_ms
        return {
            "engine": self._engine_name,
            "languages": languages,
            "first_audio_ms": budget_ms,
        }

    def become_ready(self) -> None:
        """Calls are welcome; beside them the configured phrases are made ahead."""
        super().become_ready()
        if self._cache.engine is not None:
            self._preload.begin(self._cache.engine)

    def _preload_job(self, job: Job[Any]) -> None:
        if self.state != "ready":
            raise NotReadyError("nothing is made ahead by an instance that fails or leaves")
        self.submit(job)

    def metrics_text(self) -> str:
        """What every service counts, and the cache."""
        return super().metrics_text() + self._cache.metrics_text()

    def on_close(self) -> None:
        """Let the engine end its call, and the cache write what it was given."""
        super().on_close()
        self._cache.close(_CACHE_CLOSE_S)

    def on_request(self, request: Request, payload: bytes, call: Call) -> None:
        """Serve `speak`, `cancel` and `list_voices`."""
        del payload
        if isinstance(request, Speak):
            self._on_speak(request, call)
        elif isinstance(request, Cancel):
            self._forget(request.session, request.answer, "the answer was cancelled")
            call.reply(Ok())
        elif isinstance(request, ListVoices):
            call.reply(Voices(voices=self._voices))
        else:
            raise UnknownMessageError(f"tts does not serve {type(request).__name__}")

    def refuses_while_draining(self, request: Request) -> bool:
        """An answer that was begun here is spoken to its end here, in one voice."""
        return isinstance(request, Speak) and self._answers.is_first(request)

    def on_message(self, topic: bytes, header: bytes, payload: bytes) -> None:
        """A sink states what it has and wants."""
        del payload
        try:
            done = self._delivery.take_state(topic, header, time.monotonic_ns())
        except MessageError as error:
            self.count_dropped(error.code)
            return
        for key in done:
            self._forget(*key, "the sink has dropped the answer")

    def on_tick(self, now_ns: int) -> int:
        """Forget answers that no sink wants."""
        for key in self._answers.expired(now_ns):
            self._forget(*key, "no sink asked for this answer any more")
        self._delivery.rest()
        return min(now_ns + _EXPIRY_NS, self._progress.tick(now_ns))

    def drained(self) -> bool:
        """Whether what was ordered is made and sent, and no answer that plays may go on."""
        now_ns = time.monotonic_ns()
        busy = self._answers.unsent(now_ns) or self._answers.under_way(now_ns)
        return self.engine_idle and self._rota.idle and not busy

    def _on_speak(self, speak: Speak, call: Call) -> None:
        if self._engine is None:
            raise NotReadyError("the voice is still being loaded; try again in a moment")
        if self._answers.is_newer(speak):
            self._forget(speak.session, speak.answer, "the answer was taken up anew")
        known = self._answers.find(speak)
        if known is not None:
            self._repeat(known, speak, call)
            return
        self._admit(speak.session)
        first = self._answers.is_first(speak)
        piece = self._answers.begin(speak, time.monotonic_ns())
        self._delivery.hear(speak.session)
        expected = expected_language(speak, self._voices)
        said = normalise(speak.text, expected)
        if speak.progress:
            self._follow(piece, said, expected)
        if is_speakable(said.text):
            self._order(piece, said, call, first=first)
        else:
            self._finish(piece, nothing_said(speak), [call])

    def _follow(self, piece: KeptPiece, said: Normal, language: str) -> None:
        """Tell how far it is from now on, for whoever asked for that."""
        language = main_language(spans(said.text, language))
        samples = 0
        if is_speakable(said.text):
            samples = self._pace.expected_samples(piece.order, said.text, language)
        self.wake_at(self._progress.begin(piece, samples, time.monotonic_ns()))

    def _repeat(self, piece: KeptPiece, speak: Speak, call: Call) -> None:
        """Answer an order that was given before, as a caller does whose reply was lost."""
        if speak.text != piece.order.text:
            raise MalformedError(f"piece {speak.piece} of this answer has another text already")
        if piece.spoken is not None:
            call.reply(piece.spoken)
        else:
            self._tasks[id(piece)].calls.append(call)

    def _admit(self, session: str) -> None:
        if self._rota.waiting(session) >= self.config.pieces_per_session:
            raise OverloadedError("too many pieces of this session wait; order them later")
        if self._rota.busy_sessions >= self.config.queue_limit:
            raise OverloadedError("too many sessions wait for this voice; try again or elsewhere")

    def _order(self, piece: KeptPiece, said: Normal, call: Call, *, first: bool) -> None:
        def deliver(pcm: bytes) -> None:
            self.post(lambda: self._on_audio(task, pcm))

        def tell(marks: list[Mark]) -> None:
            self.post(lambda: piece.add_marks(marks))

        shaper = self._shaper(piece.order)
        utterance = Utterance(piece.order, said, deliver, time.monotonic_ns, tell, shaper)
        task = _Task([call], piece, utterance, opens=first, first=first)
        self._tasks[id(piece)] = task
        self._rota.add(task.session, piece.order.answer, piece.number, task)
        self._begin_next(task.session)

    def _shaper(self, speak: Speak) -> PieceShaper | None:
        if self._loudness is None:
            return None
        return PieceShaper(self._loudness.of(speak.voice), speak.volume)

    def _begin_next(self, session: str) -> None:
        task = self._rota.begin(session)
        if task is not None:
            self._submit_step(task)

    def _submit_step(self, task: _Task) -> None:
        budget_ms = self._budget_ms(task.utterance.said.text)
        engine = self._loaded()
        job = Job(
            "speak",
            budget_ms,
            run=lambda: task.utterance.step(engine),
            done=lambda spoken: self._on_step(task, spoken),
            failed=lambda error: self._on_failed(task, error),
            duty=self._duty(task),
        )
        task.first = False
        try:
            self.submit(job)
        except (OverloadedError, EngineError) as error:
            self._on_failed(task, error)

    def _duty(self, task: _Task) -> Duty:
        if task.first:
            return Duty.URGENT
        order = task.piece.order
        is_ahead = self._answers.is_ahead(order.session, order.answer)
        return Duty.BACKGROUND if is_ahead else Duty.ORDINARY

    def _on_audio(self, task: _Task, pcm: bytes) -> None:
        if not task.utterance.cancelled:
            before = task.piece.made
            task.piece.add(pcm)
            self._send(task.piece)
            self._progress.grown(task.piece, before, time.monotonic_ns())

    def _on_step(self, task: _Task, spoken: Spoken | None) -> None:
        if task.utterance.cancelled:
            return
        if spoken is None:
            self._submit_step(task)
            return
        self.evidence.succeeded(spoken.first_audio_ms if task.opens else None)
        self._end(task)
        self._pace.learn(task.piece.order, task.utterance.said.text, spoken)
        self._finish(task.piece, spoken, task.calls)
        self._begin_next(task.session)

    def _finish(self, piece: KeptPiece, spoken: Spoken, calls: list[Call]) -> None:
        piece.finish(spoken)
        self._send(piece)
        for call in calls:
            call.reply(spoken)
        self._progress.made(piece, time.monotonic_ns())

    def _on_failed(self, task: _Task, error: StreamTalkError) -> None:
        if task.utterance.cancelled:
            return
        fields = {"code": error.code, "session": task.session, "reason": str(error)}
        self.log.warning("piece not made", extra={"fields": fields})
        self._end(task)
        self._answers.discard(task.piece)
        for call in task.calls:
            call.refuse(error)
        self._progress.failed(task.piece, error, time.monotonic_ns())
        self.count_failure(error)
        self._begin_next(task.session)

    def _end(self, task: _Task) -> None:
        self._tasks.pop(id(task.piece), None)
        self._rota.end(task.session)

    def _forget(self, session: str, answer: str, reason: str) -> None:
        for task in self._rota.drop(session, answer):
            task.utterance.cancelled = True
            self._let_go(task)
            self._tasks.pop(id(task.piece), None)
            for call in task.calls:
                call.refuse(SessionError(reason))
        self._answers.drop(session, answer)
        self._progress.forget((session, answer), SessionError(reason), time.monotonic_ns())
        self._begin_next(session)

    def _let_go(self, task: _Task) -> None:
        """Have the engine let go of a piece at once: a server may be making it, and count it."""

        def nothing(_: object) -> None:
            """Nobody waits for it."""

        budget_ms = self.config.budget_ms
        job = Job("close", budget_ms, task.utterance.close, nothing, nothing, Duty.URGENT)
        # A full queue holds the next step of the piece, which closes it as well.
        with suppress(OverloadedError, EngineError):
            self.submit(job)

    def _send(self, piece: KeptPiece) -> None:
        self._delivery.send(piece.order.session, piece.order.answer, time.monotonic_ns())

    def _loaded(self) -> SpeechEngine:
        if self._engine is None:
            raise NotReadyError("the voice is still being loaded; try again in a moment")
        return self._engine
