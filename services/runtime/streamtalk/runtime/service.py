"""The skeleton of every process: its sockets, its line to the registry, probes, drain.

Everything runs on one thread, the receive thread; `post` brings work to it from others.
"""

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar

import zmq

from streamtalk.client.rundir import RunDir
from streamtalk.client.sockets import open_publisher, open_subscriber, send_parts
from streamtalk.proto.codec import encode
from streamtalk.proto.directory import Instance, InstanceState
from streamtalk.proto.errors import NotReadyError, UnknownMessageError
from streamtalk.proto.health import (
    Drain,
    Failure,
    Health,
    Metrics,
    MetricsText,
    Probe,
    ProveWork,
    Work,
)
from streamtalk.proto.message import Message, Ok, Request
from streamtalk.runtime.config import ProcessConfig
from streamtalk.runtime.engine_thread import Activity
from streamtalk.runtime.memory import Trim, rss_mb, settle_memory, trim_memory
from streamtalk.runtime.metrics import ServiceMetrics, work_lines
from streamtalk.runtime.process import ProcessIdentity
from streamtalk.runtime.reactor import Reactor
from streamtalk.runtime.registrar import Registrar
from streamtalk.runtime.responder import Call, Responder

if TYPE_CHECKING:
    from streamtalk.runtime.probe_port import ProbePort

DRAIN_LIMIT_NS: Final = 10_000_000_000
HOUSEKEEPING_NS: Final = 500_000_000
DRAIN_POLL_NS: Final = 20_000_000
IDLE = Activity("", 0.0, 0.0)

C = TypeVar("C", bound=ProcessConfig)


@dataclass(frozen=True)
class ServiceContext:
    """What the runtime gives every service."""

    identity: ProcessIdentity
    run_dir: RunDir
    log: logging.Logger
    metrics: ServiceMetrics

    @property
    def slot(self) -> str:
        """The slot of this process."""
        return self.identity.slot

    @property
    def instance(self) -> str:
        """The id of this process, never used again."""
        return self.identity.instance


def _probe_port(config: ProcessConfig, context: ServiceContext) -> "ProbePort | None":
    if not config.http_port:
        return None
    from streamtalk.runtime.probe_port import ProbePort  # noqa: PLC0415 — who wants it pays for it

    return ProbePort.of(config, context.slot, context.log)


class Service(Generic[C]):
    """Subclass it and override the hooks; all of them run on the receive thread."""

    service: ClassVar[str]
    trim_ns: ClassVar[int] = 30_000_000_000
    """How often free memory is given back to the system, at most."""

    def __init__(self, context: ServiceContext, config: C) -> None:
        self.context = context
        self.config = config
        self.log = context.log
        self.state: InstanceState = "loading"
        self.reason = ""
        self.failure: Failure = ""
        self._started_ns = time.monotonic_ns()
        self._drain_by_ns = 0
        self._was_ready = False
        self._look_due_ns = 0
        self._memory = Trim(self.trim_ns)
        self._probe_port = _probe_port(config, context)
        self.reactor = Reactor()
        self.zmq_context: zmq.Context[Any] = zmq.Context()
        self.endpoint = context.run_dir.instance(context.instance)
        self._responder = Responder(
            self.zmq_context, self.endpoint, self._on_call, context.log, context.metrics
        )
        self._publisher = open_publisher(self.zmq_context, context.run_dir)
        self._subscriber = open_subscriber(self.zmq_context, context.run_dir)
        self._registrar = Registrar(
            self.zmq_context,
            context.run_dir,
            context.instance,
            self.instance,
            lambda: self.state,
        )
        self.reactor.add(self._responder.socket, self._responder.receive)
        self.reactor.add(self._subscriber, self._on_parts)
        self.reactor.add(self._registrar.socket, self._registrar.receive)

    # Hooks.

    def on_start(self) -> None:
        """Begin; a service without a model is ready at once."""
        self.become_ready()

    def on_request(self, request: Request, payload: bytes, call: Call) -> None:
        """Answer a call, now or later; StreamTalkError raised here becomes a refusal."""
        del payload, call
        message = f"{self.service} does not serve {type(request).__name__}"
        raise UnknownMessageError(message)

    def on_message(self, topic: bytes, header: bytes, payload: bytes) -> None:
        """Take a message of the bus that was subscribed to."""

    def on_tick(self, now_ns: int) -> int:
        """Do what is due; return when the next thing is."""
        return now_ns + HOUSEKEEPING_NS

    def on_housekeeping(self, now_ns: int) -> None:
        """Do what twice a second is enough for."""

    def on_prove(self, call: Call) -> None:
        """Do the canned request; a service without a model has none."""
        del call
        message = f"{self.service} has no canned request: it holds no model; probe it without"
        raise UnknownMessageError(message)

    def describe(self) -> dict[str, Any]:
        """Fields of `Instance` to advertise: engine, languages, features and counts."""
        return {"engine": "-"}

    def counts(self) -> dict[str, Any]:
        """Work done and waiting, for the directory."""
        return {}

    def activity(self) -> Activity:
        """What the instance is working on, and its budget."""
        return IDLE

    def work(self) -> Work:
        """What the work done so far has shown."""
        return Work()

    def drained(self) -> bool:
        """Whether everything begun has been finished; asked repeatedly while draining."""
        return True

    def on_close(self) -> None:
        """Close what the service itself opened."""

    # What the runtime provides.

    def post(self, function: Callable[[], None]) -> None:
        """Run `function` on the receive thread soon, in order. Any thread."""
        self.reactor.post(function)

    def publish(self, topic: bytes, message: Message, payload: bytes = b"") -> None:
        """Publish on the bus; never waits."""
        send_parts(self._publisher, topic, encode(message), payload)

    def subscribe(self, prefix: bytes) -> None:
        """Hear the topics that begin with `prefix`."""
        self._subscriber.setsockopt(zmq.SUBSCRIBE, prefix)

    def unsubscribe(self, prefix: bytes) -> None:
        """No longer hear them."""
        self._subscriber.setsockopt(zmq.UNSUBSCRIBE, prefix)

    def count_dropped(self, code: str) -> None:
        """Count a message that was not accepted."""
        self._responder.drop(code)

    def wake_at(self, due_ns: int) -> None:
        """Have `on_tick` called no later than then."""
        self.reactor.wake_at(due_ns)

    def become_ready(self) -> None:
        """From now on calls are welcome."""
        self._was_ready = True
        if self.state == "loading":
            settle_memory()
        if self.state in ("loading", "failed"):
            self.failure = ""
            self._change("ready", "")

    def become_failed(self, reason: str, failure: Failure = "load") -> None:
        """Not ready, or no longer, and why."""
        if self.state != "draining":
            self.failure = failure
            self._change("failed", reason)

    # Life.

    def run(self) -> None:
        """Serve until drained. The calling thread becomes the receive thread."""
        try:
            self.on_start()
            self.reactor.run(self._tick)
        finally:
            self._close()

    def begin_drain(self) -> None:
        """Take nothing new; leave when done, or after 10 s. Any thread, signal handlers."""
        self.post(self._begin_drain)

    def instance(self) -> Instance:
        """This process as the directory shows it."""
        serving = self.state == "ready"
        described = {
            "live": not self.activity().hung,
            "uptime_s": round((time.monotonic_ns() - self._started_ns) / 1e9, 1),
            "rss_mb": round(rss_mb(), 1),
            **self.counts(),
            **self.describe(),
        }
        return Instance(
            service=self.service,
            instance=self.context.instance,
            slot=self.context.slot,
            endpoint=self.endpoint,
            pid=os.getpid(),
            state="active" if serving and self._registrar.active else self.state,
            ready=serving,
            reason=self.reason,
            rank=getattr(self.config, "rank", 0),
            **described,
        )

    def _change(self, state: InstanceState, reason: str) -> None:
        if (state, reason) == (self.state, self.reason):
            return
        self.state, self.reason = state, reason
        level = logging.ERROR if state == "failed" else logging.INFO
        elapsed_s = (time.monotonic_ns() - self._started_ns) / 1e9
        self.log.log(
            level, state, extra={"fields": {"reason": reason, "after_s": round(elapsed_s, 3)}}
        )
        self._look_due_ns = 0
        self.wake_at(1)

    def _begin_drain(self) -> None:
        if self.state != "draining":
            self._change("draining", "shutting down")
            self._drain_by_ns = time.monotonic_ns() + DRAIN_LIMIT_NS
            self._registrar.tick(time.monotonic_ns())

    def _tick(self, now_ns: int) -> int:
        if now_ns >= self._look_due_ns:
            self._look_due_ns = now_ns + HOUSEKEEPING_NS
            if self.context.identity.abandoned():
                self.log.warning("the supervisor is gone; leaving")
                self.reactor.stop()
            self.on_housekeeping(now_ns)
            self._trim(now_ns)
            self._show(now_ns)
        if self.state == "draining" and (self.drained() or now_ns >= self._drain_by_ns):
            self.reactor.stop()
        due_ns = min(self._registrar.tick(now_ns), self.on_tick(now_ns), now_ns + HOUSEKEEPING_NS)
        return min(due_ns, now_ns + DRAIN_POLL_NS) if self.state == "draining" else due_ns

    def _trim(self, now_ns: int) -> None:
        """Nothing that is being made waits for it: it takes up to 3 ms."""
        if self.activity().doing or not self._memory.is_due(now_ns):
            return
        if self._memory.is_worth(rss_mb()):
            trim_memory()
            self._memory.done(rss_mb())

    def _show(self, now_ns: int) -> None:
        if self._probe_port is not None:
            self._probe_port.show(now_ns, self.health(), self.metrics_text(), self._was_ready)

    def _on_call(self, request: Request, payload: bytes, call: Call) -> None:
        if isinstance(request, Probe):
            call.reply(self.health())
        elif isinstance(request, Metrics):
            call.reply(MetricsText(text=self.metrics_text()))
        elif isinstance(request, Drain):
            call.reply(Ok())
            self._begin_drain()
        elif not self._was_ready:
            message = f"{self.context.instance} is not ready: {self.reason or 'still loading'}"
            raise NotReadyError(message)
        elif self.state == "draining" and self.refuses_while_draining(request):
            message = f"{self.context.instance} is leaving"
            raise NotReadyError(message)
        elif isinstance(request, ProveWork):
            self.on_prove(call)
        else:
            self.on_request(request, payload, call)

    def refuses_while_draining(self, request: Request) -> bool:
        """Whether a call begins something new."""
        del request
        return True

    def metrics_text(self) -> str:
        """Every counter, and what the work has shown."""
        lines = work_lines(self.service, self.work())
        return self.context.metrics.render() + "\n".join(lines) + "\n"

    def health(self) -> Health:
        """The answer to a probe."""
        activity = self.activity()
        return Health(
            instance=self.instance(),
            busy_ms=round(activity.busy_ms, 1),
            budget_ms=activity.budget_ms,
            doing=activity.doing,
            dropped=dict(self.context.metrics.dropped.values),
            failure=self.failure,
            work=self.work(),
        )

    def _on_parts(self, parts: list[bytes]) -> None:
        if len(parts) != 3:  # noqa: PLR2004 — topic, header, payload
            self.count_dropped("malformed")
            return
        self.on_message(parts[0], parts[1], parts[2])

    def _close(self) -> None:
        if self._probe_port is not None:
            self._probe_port.close()
        self._registrar.leave()
        self.on_close()
        self._responder.close()
        self._publisher.close(linger=100)
        self._subscriber.close()
        self._registrar.close()
        self.reactor.close()
        self.zmq_context.term()
        endpoint = self.endpoint.removeprefix("ipc://")
        if os.path.exists(endpoint):  # noqa: PTH110 — libzmq usually unlinks it itself
            os.unlink(endpoint)  # noqa: PTH108
