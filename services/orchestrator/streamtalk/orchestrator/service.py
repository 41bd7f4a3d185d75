"""The orchestrator as a service: sessions, their calls, the clockwork between them."""

import dataclasses
import time
from collections.abc import Callable
from typing import Any, ClassVar, Concatenate, ParamSpec, TypeVar

from streamtalk.client.caller import Caller
from streamtalk.client.directory import Addresses
from streamtalk.orchestrator.absence import Absences
from streamtalk.orchestrator.assistant.timer_talk import due_text
from streamtalk.orchestrator.assistant.timers import Timer, TimerList
from streamtalk.orchestrator.calls import ServiceCalls, Timers
from streamtalk.orchestrator.config import OrchestratorConfig
from streamtalk.orchestrator.conversation import LEASE_NS, Conversation
from streamtalk.orchestrator.history import History, HistoryKeeper, TimerRow
from streamtalk.orchestrator.history.store import wall_clock_ns
from streamtalk.orchestrator.history_place import history_path
from streamtalk.orchestrator.metrics import OrchestratorMetrics
from streamtalk.orchestrator.mind import EffectPorts, Mind
from streamtalk.orchestrator.models import LanguageModels
from streamtalk.orchestrator.notices import notice
from streamtalk.orchestrator.recognisers import Recognisers
from streamtalk.orchestrator.recovery import Legacy, take_over
from streamtalk.orchestrator.routes import routes_of
from streamtalk.orchestrator.session_ports import SessionPorts
from streamtalk.orchestrator.thinking_loop import ThinkingLoop
from streamtalk.orchestrator.traced_conversation import TracedConversation
from streamtalk.orchestrator.traces import Traces
from streamtalk.orchestrator.voices import Voices
from streamtalk.proto.conversation import (
    CloseSession,
    GetTurns,
    ListSessions,
    OpenSession,
    SessionOpened,
    Sessions,
    UserText,
)
from streamtalk.proto.directory import MODEL_SERVICES, Directory
from streamtalk.proto.errors import (
    EngineError,
    MessageError,
    OverloadedError,
    SessionError,
    StreamTalkError,
    UnknownMessageError,
)
from streamtalk.proto.message import Ok, Request
from streamtalk.proto.state import SessionRef
from streamtalk.proto.topics import topic
from streamtalk.proto.trace import Trace
from streamtalk.runtime.looks import WAKING_NS, Looks
from streamtalk.runtime.responder import Call
from streamtalk.runtime.service import HOUSEKEEPING_NS, Service, ServiceContext

P = ParamSpec("P")
T = TypeVar("T")


class OrchestratorService(Service[OrchestratorConfig]):
    """Holds the sessions; all decisions are on one thread."""

    service: ClassVar = "orchestrator"

    def __init__(self, context: ServiceContext, config: OrchestratorConfig) -> None:
        metrics = OrchestratorMetrics()
        super().__init__(dataclasses.replace(context, metrics=metrics), config)
        self.caller = Caller(self.zmq_context, self.reactor)
        self.addresses = Addresses(context.run_dir, self.caller)
        self.timers = Timers(self.wake_at)
        self.voices = Voices(self.addresses, self.caller, metrics, self.log, config.breaker)
        self.recognisers = Recognisers(
            self.addresses, self.caller, metrics, self.log, config.breaker
        )
        self.absences = Absences()
        self.calls = ServiceCalls(self.caller, self.addresses, self.timers)
        self._loop = ThinkingLoop(self.post, self.log)
        path = history_path(config, context.run_dir)
        self._history = HistoryKeeper(path, retention_days=config.history.retention_days)
        self.models = LanguageModels(config, self._loop, self.log, lambda: None)
        self._alarms = TimerList()
        effects = EffectPorts(self._set_timer, self._cancel_timer, self._set_setting)
        self.mind = Mind(self.models, self._loop, self._alarms, effects, wall_clock_ns)
        self._sessions: dict[str, TracedConversation] = {}
        self._traces = Traces()
        self._looks = Looks()
        self._opening: dict[str, list[tuple[OpenSession, Call]]] = {}
        self._routes: dict[bytes, Callable[[bytes], None]] = {}
        self.caller.on_lost = self._lose
        self.addresses.on_change = self._on_directory
        self._known: set[str] = set()
        self.subscribe(self.addresses.topic)

    # Life.

    def on_start(self) -> None:
        """Open the history, then be ready; language models are looked for meanwhile."""
        self._loop.start()
        self.models.start()
        self.in_history(self._history.open, lambda _: self.become_ready())

    def describe(self) -> dict[str, Any]:
        """Which language model answers, and how many sessions there are."""
        done = sum(len(c.turns) for c in self._sessions.values())
        return {"engine": self.models.label, "queue": len(self._opening), "items_done": done}

    def drained(self) -> bool:
        """Whether every sentence that was begun has been said."""
        return all(conversation.speaking is None for conversation in self._sessions.values())

    def refuses_while_draining(self, request: Request) -> bool:
        """Known sessions go on to the end of the sentence; new ones go elsewhere."""
        return not isinstance(request, GetTurns | ListSessions | CloseSession | Trace)

    def on_close(self) -> None:
        """Leave every session to the next owner; write what is not written yet."""
        self.caller.close()
        self._loop.close()

    def on_tick(self, now_ns: int) -> int:
        """Timers, deadlines, sessions."""
        excused_ns = self._looks.look(now_ns)
        dues = [now_ns + HOUSEKEEPING_NS, self.addresses.tick(now_ns)]
        ticks = (
            self.timers.tick(now_ns),
            self.caller.tick(now_ns),
            self.voices.tick(now_ns),
            self.recognisers.tick(now_ns),
            self._alarms.next_ns(),
        )
        dues.extend(due_ns for due_ns in ticks if due_ns is not None)
        for timer in self._alarms.due(now_ns):
            self._ring(timer)
        if self.absences.to_tell("vad", now_ns):
            for conversation in self._sessions.values():
                conversation.say(notice("deaf", conversation.language))
        if self._traces:
            self._traces.apply(self._sessions.values(), now_ns)
        for session, conversation in list(self._sessions.items()):
            if excused_ns:
                late_ns = conversation.renewed_ns + excused_ns
                conversation.renewed_ns = min(late_ns, now_ns + WAKING_NS)
            if conversation.expired:
                self.log.info("lease ran out", extra={"fields": {"session": session}})
                self._close_session(session)
            else:
                dues.append(conversation.tick())
        return min(dues)

    # Calls.

    def on_request(self, request: Request, payload: bytes, call: Call) -> None:
        """Serve edges and people."""
        del payload
        if isinstance(request, OpenSession):
            self._open(request, call)
        elif isinstance(request, CloseSession):
            self._close_session(request.session, wanted=True)
            call.reply(Ok())
        elif isinstance(request, ListSessions):
            call.reply(Sessions(sessions=self._refs()))
        elif isinstance(request, GetTurns):
            call.reply(self._find(request.session).report(self.engines()))
        elif isinstance(request, UserText):
            self._find(request.session).typed(request.text)
            call.reply(Ok())
        elif isinstance(request, Trace):
            self._traces.renew(request, time.monotonic_ns())
            self.wake_at(1)
            call.reply(Ok())
        else:
            message = f"the orchestrator does not serve {type(request).__name__}"
            raise UnknownMessageError(message)

    def on_message(self, topic: bytes, header: bytes, payload: bytes) -> None:
        """Route the directory and the states of the sessions."""
        del payload
        if topic == self.addresses.topic:
            self.addresses.hear(header)
            return
        route = self._routes.get(topic)
        if route is None:
            return
        try:
            route(header)
        except MessageError as error:
            self.count_dropped(error.code)

    def engines(self) -> dict[str, str]:
        """The engine of every stage, as it would be called now."""
        stages = {name: self.calls.engine(name) for name in MODEL_SERVICES}
        return {**stages, "llm": self.models.label}

    # History, on its own thread.

    def in_history(
        self,
        action: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[StreamTalkError], None] | None = None,
    ) -> None:
        """Await `action()` on the thinking loop, then `done(result)` on this thread."""

        async def run() -> None:
            try:
                result = await action()
            except StreamTalkError as error:
                self.log.warning("history", extra={"fields": {"code": error.code}})
                if failed is not None:
                    self.post(lambda error=error: failed(error))  # type: ignore[misc]
            except Exception:  # a lost row must not end the conversation
                self.log.exception("history failed")
                if failed is not None:
                    self.post(lambda: failed(EngineError("the history cannot be used")))
            else:
                self.post(lambda: done(result))

        self._loop.spawn(run)

    def write(
        self, action: Callable[Concatenate[History, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Write to the history, in the order of the calls; nobody waits."""
        self.in_history(lambda: self._history.run(action, *args, **kwargs), lambda _: None)

    # Sessions.

    def _open(self, request: OpenSession, call: Call) -> None:
        known = self._sessions.get(request.session)
        if known is not None:
            known.renew(request)
            call.reply(_opened(known, resumed=True))
            return
        waiting = self._opening.setdefault(request.session, [])
        waiting.append((request, call))
        if len(waiting) > 1:
            return
        if len(self._sessions) + len(self._opening) > self.config.max_sessions:
            del self._opening[request.session]
            message = f"{self.config.max_sessions} sessions are open, which is the limit"
            raise OverloadedError(message)
        session = request.session
        self.in_history(
            lambda: self._history.run(take_over, session),
            lambda legacy: self._begin(session, legacy),
            lambda error: self._refuse(session, error),
        )

    def _begin(self, session: str, legacy: Legacy) -> None:
        waiting = self._opening.pop(session, [])
        if not waiting:
            return
        request = waiting[-1][0]
        ports = SessionPorts(self, session, legacy.term, legacy.memory())
        key = topic("trace", "call", session)
        conversation = TracedConversation(
            request,
            legacy.term,
            ports,
            self.config,
            time.monotonic_ns,
            legacy.next_turn,
            lambda traced, payload: self.publish(key, traced, payload),
        )
        self._sessions[session] = conversation
        self._subscribe(session, conversation)
        for row in legacy.timers:
            timer = Timer(row.timer_id, row.session, row.due_unix_ns, row.label)
            self._alarms.add(timer, wall_clock_ns(), time.monotonic_ns())
        conversation.turns.restore(legacy.turns, request.stream)
        conversation.take_up(legacy.consumed(request.stream), legacy.open_turn, legacy.kept)
        for _, call in waiting:
            call.reply(_opened(conversation, resumed=legacy.resumed))
        self.wake_at(1)

    def _refuse(self, session: str, error: StreamTalkError) -> None:
        for _, call in self._opening.pop(session, []):
            call.refuse(error)

    def _subscribe(self, session: str, conversation: Conversation) -> None:
        for key, route in routes_of(session, conversation):
            self._routes[key] = route
            self.subscribe(key)

    def _close_session(self, session: str, *, wanted: bool = False) -> None:
        conversation = self._sessions.pop(session, None)
        if conversation is None:
            return
        conversation.close(wanted=wanted)
        for key, _ in routes_of(session, conversation):
            self._routes.pop(key, None)
            self.unsubscribe(key)

    def drop_session(self, session: str, term: int) -> None:
        """Let go of a session that another owner has; the edge will open it where it finds one."""
        conversation = self._sessions.get(session)
        if conversation is not None and conversation.term == term:
            self.log.warning("superseded", extra={"fields": {"session": session}})
            self._close_session(session)

    def _find(self, session: str) -> Conversation:
        conversation = self._sessions.get(session)
        if conversation is None:
            message = f"no session {session!r} is open"
            raise SessionError(message)
        return conversation

    def _refs(self) -> list[SessionRef]:
        return [
            SessionRef(session=name, state=c.phase, turn=c.turns[-1].number if c.turns else 0)
            for name, c in self._sessions.items()
        ]

    # Instances.

    def _on_directory(self, directory: Directory) -> None:
        present = {instance.endpoint for instance in directory.instances}
        for endpoint in self._known - present:
            self.caller.lose(endpoint)
        self._known = present
        self.voices.keep(present)
        self.recognisers.keep(present)
        for conversation in self._sessions.values():
            conversation.look()
        self._see_absences(time.monotonic_ns())
        self.wake_at(1)

    def _see_absences(self, now_ns: int) -> None:
        for stage in MODEL_SERVICES:
            there = bool(self.addresses.instances(stage))
            self.absences.see(stage, there=there, now_ns=now_ns)

    def _lose(self, endpoint: str) -> None:
        self.addresses.doubt(endpoint)
        for conversation in list(self._sessions.values()):
            conversation.lose(endpoint)

    # Effects.

    def _set_timer(self, timer: Timer) -> None:
        row = TimerRow(
            timer_id=timer.timer_id,
            session=timer.session,
            due_unix_ns=timer.due_unix_ns,
            label=timer.label,
        )
        term = self._find(timer.session).term

        def planned(new: object) -> None:
            if new:
                self._alarms.add(timer, wall_clock_ns(), time.monotonic_ns())
                self.wake_at(1)

        self.in_history(lambda: self._history.run(History.plan_timer, term, row), planned)

    def _cancel_timer(self, session: str, timer_id: str) -> None:
        self._alarms.cancel({timer_id})
        self.write(History.finish_timer, session, self._find(session).term, timer_id)

    def _set_setting(self, session: str, name: str, value: float) -> None:
        self.write(History.set_setting, session, self._find(session).term, name, value)

    def _ring(self, timer: Timer) -> None:
        conversation = self._sessions.get(timer.session)
        if conversation is None:
            # Its row stays planned: the session hears of it when it is opened again.
            return

        def finished(first: object) -> None:
            if first:
                conversation.say(due_text(timer))

        action = History.finish_timer
        args = (timer.session, conversation.term, timer.timer_id)
        self.in_history(lambda: self._history.run(action, *args), finished)


def _opened(conversation: Conversation, *, resumed: bool) -> SessionOpened:
    return SessionOpened(term=conversation.term, lease_ms=LEASE_NS // 1_000_000, resumed=resumed)
