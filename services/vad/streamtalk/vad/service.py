"""From sockets to the model and back: attachments, frames of the bus, states.

The model is loaded on the engine thread and asked on the receive thread: a run takes less than the
two changes of thread around it would (docs/adr/0008).
"""

import time
from typing import Any, ClassVar, Final

import msgspec
import zmq

from streamtalk.client.sockets import receive_parts
from streamtalk.proto.attachment import Attach, Attached, Detach
from streamtalk.proto.audio import BYTES_PER_SAMPLE, MIC_RATE_HZ
from streamtalk.proto.codec import decode_as
from streamtalk.proto.errors import EngineError, MalformedError, NotReadyError
from streamtalk.proto.frames import Mic
from streamtalk.proto.message import Ok, Request
from streamtalk.runtime.engine_table import create_engine
from streamtalk.runtime.worker import Call, Disproved, Proven, ServiceContext, Worker
from streamtalk.vad.batch import Portion, check_probabilities, judge_portions, window_ns
from streamtalk.vad.canned import check_engine
from streamtalk.vad.config import VadConfig
from streamtalk.vad.engine import AUTO, ENGINES, VadEngine
from streamtalk.vad.ringside import Ringside
from streamtalk.vad.roster import Roster
from streamtalk.vad.session import Session

_MIC: Final = msgspec.msgpack.Decoder(Mic)
_MAX_FRAME_BYTES: Final = MIC_RATE_HZ * BYTES_PER_SAMPLE
_CHUNKS_AT_ONCE: Final = 32
"""Of one session: who has a backlog keeps neither the others nor calls waiting."""

_RING_PERIOD_NS: Final = 32_000_000
_SOON_NS: Final = 8_000_000
"""States that are due this soon are published together."""

_MESSAGES_PER_WINDOW: Final = 4_096
"""A flood does not keep calls and states waiting."""


class VadWorker(Worker[VadConfig]):
    """Follows the microphones of all attached sessions."""

    service: ClassVar = "vad"

    def __init__(self, context: ServiceContext, config: VadConfig) -> None:
        super().__init__(context, config)
        self._engine_name = AUTO if config.engine == "auto" else config.engine
        self._roster = Roster(config)
        self._ringside = Ringside(config.session_limit)
        self._ring_after_ns = int(config.ring_after_ms * 1e6)
        self._window_ns = 0
        self._paced = False
        self._judged_ns = 0
        self._runs = 0

    def load(self) -> None:
        """Load the model, with memory for every session that may be attached and for a proof."""
        settings = getattr(self.config.engines, self._engine_name, None)
        engine: VadEngine = create_engine("vad", ENGINES, self._engine_name, settings)
        engine.load(self.config.session_limit + 1)
        self._engine = engine

    def canned(self) -> str:
        """Silence and a voice; a scripted engine says what it was told to, right or wrong."""
        if self._engine_name == "scripted":
            return "a scripted engine says what it was told to"
        check_engine(self._engine, slot=self.config.session_limit)
        return "a voice was speech, silence was none"

    def prove(self, proven: Proven, disproved: Disproved) -> None:
        """At once, where the model is asked: it takes no longer than a few frames of audio."""
        try:
            proof = self.timed_canned()
        except EngineError as error:
            disproved(error)
        except Exception:  # the engine is foreign code: one failure must not end the service
            self.log.exception("engine failed in its canned request")
            disproved(self._blame())
        else:
            proven(proof)

    def describe(self) -> dict[str, Any]:
        """The engine; a voice has no language."""
        return {"engine": self._engine_name}

    def counts(self) -> dict[str, Any]:
        """How often the model was asked, and how many sessions are followed."""
        return {"items_done": self._runs, "queue": len(self._roster)}

    def refuses_while_draining(self, request: Request) -> bool:
        """Sessions that are followed stay so until they are moved elsewhere."""
        known = isinstance(request, Attach | Detach) and self._roster.find(request) is not None
        return not known

    def drained(self) -> bool:
        """Whether every session has been moved elsewhere."""
        return not len(self._roster)

    def on_close(self) -> None:
        """Unmap the rings."""
        super().on_close()
        self._ringside.close()

    def on_request(self, request: Request, payload: bytes, call: Call) -> None:
        """Serve `attach` and `detach`."""
        if isinstance(request, Attach):
            self._attach(request, time.monotonic_ns())
            call.reply(Attached(lease_ms=self.config.lease_ms))
        elif isinstance(request, Detach):
            session = self._roster.find(request)
            if session is not None:
                self._drop(session)
            call.reply(Ok())
        else:
            super().on_request(request, payload, call)

    def on_message(self, topic: bytes, header: bytes, payload: bytes) -> None:
        """Take one microphone frame."""
        session = self._roster.by_topic.get(topic)
        if session is None:
            return
        try:
            mic = decode_as(_MIC, header)
        except MalformedError as error:
            self.count_dropped(error.code)
            return
        if len(payload) % BYTES_PER_SAMPLE or len(payload) > _MAX_FRAME_BYTES:
            self.count_dropped(MalformedError.code)
            return
        now_ns = time.monotonic_ns()
        self._take(session, mic, payload, now_ns)
        if session.tracker.ready and not self._paced:
            self._judge(now_ns)

    def on_tick(self, now_ns: int) -> int:
        """Drop who did not renew, read rings, judge, publish."""
        for session in self._roster.expired(now_ns):
            self.log.info("lease ran out", extra={"fields": {"session": session.name}})
            self._drop(session)
        due_ns = now_ns + (self._window_ns or self.config.lease_ms * 1_000_000)
        if self._paced:
            self._take_waiting()
        if self._read_rings(now_ns):
            due_ns = min(due_ns, now_ns + _RING_PERIOD_NS)
        self._judge(now_ns)
        for session in self._roster:
            if session.state_due_ns <= now_ns + _SOON_NS:
                self.publish(session.state_topic, session.state(now_ns))
            due_ns = min(due_ns, session.state_due_ns)
        return due_ns

    def _attach(self, request: Attach, now_ns: int) -> None:
        if self.state == "loading":
            raise NotReadyError("vad is still loading its model; try again")
        held = self._roster.find(request)
        if held is not None:
            held.renew(now_ns)
            return
        superseded = self._roster.named(request.session)
        if superseded is not None:
            self._drop(superseded)
        session = self._roster.add(request, now_ns)
        self._pace()
        self.subscribe(session.mic_topic)
        self.publish(session.state_topic, session.state(now_ns))
        self.wake_at(session.state_due_ns)

    def _drop(self, session: Session) -> None:
        self.unsubscribe(session.mic_topic)
        self._roster.drop(session)
        self._pace()

    def _pace(self) -> None:
        """With many sessions frames are taken a window at a time: one wake-up for all of them."""
        self._window_ns = window_ns(self.config.batch, len(self._roster))
        paced = self._window_ns > 0
        if paced and not self._paced:
            self.reactor.remove(self._subscriber)
        elif self._paced and not paced:
            self.reactor.add(self._subscriber, self._on_parts)
        self._paced = paced
        self.wake_at(time.monotonic_ns() + self._window_ns)

    def _take_waiting(self) -> None:
        for _ in range(_MESSAGES_PER_WINDOW):
            try:
                parts = receive_parts(self._subscriber)
            except zmq.Again:
                return
            self._on_parts(parts)

    def _take(self, session: Session, mic: Mic, payload: bytes, now_ns: int) -> None:
        tracker = session.tracker
        if not tracker.offer(mic.stream, mic.sample, payload):
            if not self._ringside.plausible(session, mic.sample):
                self.count_dropped(MalformedError.code)
                return
            self._ringside.fill(session, mic.sample)
            tracker.offer(mic.stream, mic.sample, payload)
        session.heard_ns = now_ns

    def _read_rings(self, now_ns: int) -> bool:
        silent = [s for s in self._roster if s.ring and now_ns - s.heard_ns >= self._ring_after_ns]
        for session in silent:
            self._ringside.follow(session)
        return bool(silent)

    def _judge(self, now_ns: int) -> None:
        """Ask the model about every session that has a whole chunk."""
        if now_ns - self._judged_ns < self._window_ns:
            self.wake_at(self._judged_ns + self._window_ns)
            return
        portions = [_portion(session) for session in self._roster if session.tracker.ready]
        if not portions:
            return
        self._judged_ns = now_ns
        began_ns = time.monotonic_ns()
        try:
            found = judge_portions(self._engine, portions)
            check_probabilities(found)
        except EngineError as error:
            self.log.warning(
                "not judged", extra={"limited": True, "fields": {"reason": str(error)}}
            )
            self.count_failure(error)
            return
        except Exception:  # the engine is foreign code: one failure must not end the service
            self.log.exception("engine failed in judge")
            self.count_failure(self._blame())
            return
        self._runs += 1
        self.evidence.succeeded((time.monotonic_ns() - began_ns) / 1e6)
        self.become_ready()
        for portion, probabilities in zip(portions, found, strict=True):
            for state in portion.session.judged(portion.from_sample, probabilities, now_ns):
                self.publish(portion.session.state_topic, state)
                # From rest, the next state is due sooner than the timer knows.
                self.wake_at(portion.session.state_due_ns)
        if any(portion.session.tracker.ready for portion in portions):
            self.wake_at(now_ns + self._window_ns)

    def _blame(self) -> EngineError:
        return EngineError(f"the {self._engine_name} engine fails: see the log")


def _portion(session: Session) -> Portion:
    first, pcm = session.tracker.take(_CHUNKS_AT_ONCE)
    fresh, session.fresh = session.fresh, False
    return Portion(session, session.slot, fresh, first, pcm)
