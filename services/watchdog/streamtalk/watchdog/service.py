"""The watchdog as a service: probes in one thread, supervisord in another, decisions in between."""

import dataclasses
import os
import time
from typing import Any, Final

from streamtalk.client.caller import Caller
from streamtalk.proto.directory import Activate, Directory, Lookup
from streamtalk.proto.errors import StreamTalkError
from streamtalk.proto.health import Health, Probe
from streamtalk.proto.message import Reply
from streamtalk.runtime.service import Service, ServiceContext
from streamtalk.runtime.supervision import HELPERS
from streamtalk.watchdog.account import Command, CrashLimits, Ledger
from streamtalk.watchdog.config import WatchdogConfig
from streamtalk.watchdog.judge import Judge, Limits, Verdict
from streamtalk.watchdog.metrics import WatchdogMetrics
from streamtalk.watchdog.roster import Roster, meant_slots, service_of
from streamtalk.watchdog.self_watch import SelfWatch
from streamtalk.watchdog.supervisor_thread import Look, Order, SupervisorThread

_TICK_NS: Final = 250_000_000
_ROUND_NS: Final = 1_000_000_000
_FRESH_NS: Final = 3_000_000_000
_BLIND_NS: Final = 5_000_000_000
"""What supervisord said this long ago is no ground to act on."""

_PROBE_S: Final = 4.0
"""Longer than a round, so that an answer which waited for us while we were late still counts."""

_CALL_S: Final = 1.0
_REGISTRY_SLOT: Final = "registry_0"


class WatchdogService(Service[WatchdogConfig]):
    """Kills what hangs, slows down what crashes, keeps one instance of each model active."""

    service = "watchdog"

    def __init__(self, context: ServiceContext, config: WatchdogConfig) -> None:
        self._metrics = WatchdogMetrics()
        super().__init__(dataclasses.replace(context, metrics=self._metrics), config)
        self._caller = Caller(self.zmq_context, self.reactor)
        self._judge = Judge(
            Limits(
                silent_ns=_ns(config.silent_s),
                start_ns=_ns(config.start_s),
                failed_ns=_ns(config.failed_s),
                retry_ns=_ns(config.retry_s),
            )
        )
        crashes = CrashLimits(config.crash_limit, _ns(config.crash_window_s), _ns(config.retry_s))
        self._ledger = Ledger(crashes)
        self._roster = Roster(_ns(config.surplus_s))
        self._supervisor = SupervisorThread(
            context.run_dir, self._on_look, self._on_killed, self.log
        )
        self._self_watch = SelfWatch()
        self._directory = Directory(version=0, registry="")
        self._directory_ns = -_FRESH_NS
        self._looked_ns = 0
        self._round_due_ns = 0
        self._kills = 0

    def on_start(self) -> None:
        """Begin to look at supervisord."""
        self._supervisor.start()
        self._self_watch.start()
        self.become_ready()

    def on_tick(self, now_ns: int) -> int:
        """Probe when a round is due, then judge."""
        self._caller.tick(now_ns)
        if now_ns >= self._round_due_ns:
            self._round_due_ns = now_ns + _ROUND_NS
            self._self_watch.beat(now_ns)
            self._begin_round()
        # The judge takes the time without judgement for a gap, and begins to count anew.
        if now_ns - self._looked_ns <= _BLIND_NS:
            fresh = self._known_directory(now_ns) is not None
            for verdict in self._judge.judge(now_ns, directory_fresh=fresh):
                self._kill(verdict)
        return now_ns + _TICK_NS

    def counts(self) -> dict[str, Any]:
        """Kills so far."""
        return {"items_done": self._kills}

    def on_close(self) -> None:
        """Close the lines and leave supervisord alone."""
        self._self_watch.close()
        self._supervisor.close()
        self._caller.close()

    def _begin_round(self) -> None:
        registry = self.context.run_dir.registry
        self._caller.call(registry, Lookup(), _CALL_S, self._on_directory, self._no_answer)
        endpoints = self._judge.endpoints()
        self._caller.forget({registry, *endpoints})
        for endpoint in endpoints:
            self._caller.call(endpoint, Probe(), _PROBE_S, self._on_health, self._no_answer)

    def _on_directory(self, reply: Reply) -> None:
        if isinstance(reply, Directory):
            self._directory, self._directory_ns = reply, time.monotonic_ns()
            self._locate()

    def _on_health(self, reply: Reply) -> None:
        if isinstance(reply, Health):
            self._judge.hear(reply)

    def _no_answer(self, error: StreamTalkError) -> None:
        self.log.debug("no answer", extra={"fields": {"reason": str(error)}})

    def _known_directory(self, now_ns: int) -> Directory | None:
        return self._directory if now_ns - self._directory_ns <= _FRESH_NS else None

    def _locate(self) -> None:
        for instance in self._directory.instances:
            loading = instance.state == "loading"
            self._judge.locate(instance.slot, instance.pid, instance.endpoint, loading=loading)
        # The registry must be found without the registry.
        self._judge.locate_slot(_REGISTRY_SLOT, self.context.run_dir.registry)

    def _on_look(self, look: Look) -> None:
        self.post(lambda: self._take(look))

    def _take(self, look: Look) -> None:
        if self.state != "ready":
            return
        now_ns = time.monotonic_ns()
        self._looked_ns = now_ns
        probed = [p for p in look.processes if service_of(p.slot) not in HELPERS]
        up = [p for p in probed if p.state in ("RUNNING", "STARTING")]
        self._judge.see({p.slot: p.pid for p in up if p.pid != os.getpid()})
        self._locate()
        directory = self._known_directory(now_ns)
        meant = meant_slots(look.processes, directory, look.swapping)
        commands = self._ledger.see(look.processes, meant, now_ns)
        commands += self._roster.see(look.processes, directory, look.swapping, now_ns)
        for command in commands:
            self._do(command)
        self.reason = self._ledger.notes

    def _kill(self, verdict: Verdict) -> None:
        self.log.warning("a process hangs", extra={"fields": dataclasses.asdict(verdict)})
        self._supervisor.order(Order("kill", verdict.slot, verdict.pid, verdict.reason))

    def _on_killed(self, order: Order) -> None:
        self.post(lambda: self._count(order))

    def _count(self, order: Order) -> None:
        fields = {"slot": order.slot, "pid": order.pid, "reason": order.reason}
        self.log.error("killed", extra={"fields": fields})
        self._kills += 1
        self._metrics.kills.add(order.reason)

    def _do(self, command: Command) -> None:
        self.log.warning(command.action, extra={"fields": dataclasses.asdict(command)})
        self._metrics.commands.add(command.action)
        if command.action == "activate":
            request = Activate(service=service_of(command.slot), slots=[command.slot])
            registry = self.context.run_dir.registry
            self._caller.call(registry, request, _CALL_S, self._on_directory, self._no_answer)
        else:
            self._supervisor.order(Order(command.action, command.slot))


def _ns(duration_s: float) -> int:
    return int(duration_s * 1e9)
