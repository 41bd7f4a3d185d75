"""The skeleton of a service with a model: a service, and one engine thread beside it.

sockets → load → canned request → READY → serve → SIGTERM → DRAINING → close
"""

import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from streamtalk.proto.errors import EngineError, LanguageError, OverloadedError, StreamTalkError
from streamtalk.proto.health import Proof, Work
from streamtalk.runtime.config import ServiceConfig
from streamtalk.runtime.engine_thread import Activity, Duty, EngineThread, Job
from streamtalk.runtime.evidence import Evidence
from streamtalk.runtime.models.progress import Progress
from streamtalk.runtime.recovery import Recovery
from streamtalk.runtime.responder import Call
from streamtalk.runtime.service import Service, ServiceContext
from streamtalk.runtime.swap_lock import swap_in_progress

__all__ = ["Call", "Duty", "Job", "ServiceContext", "Worker"]

LOAD_BUDGET_MS: Final = 300_000.0
"""Loading and warming may take this long before the instance counts as hung."""

CANNED_BUDGET_MS: Final = 10_000.0
"""The same for the canned request alone, when it is repeated."""

Proven = Callable[[Proof], None]
Disproved = Callable[[StreamTalkError], None]

_CLOSE_S: Final = 1.0
"""A model call that does not end in this time is abandoned with its thread at exit."""

_TOLD_PERCENT: Final = 10
"""The log hears of a fetch at every tenth; whoever asks for the state, at every hundredth."""

C = TypeVar("C", bound=ServiceConfig)


class Worker(Service[C]):
    """A service around an engine; only `load` and `canned` run on the engine thread."""

    def __init__(self, context: ServiceContext, config: C) -> None:
        super().__init__(context, config)
        self._engine_thread = EngineThread(
            config.queue_limit, self.post, context.log, config.background_nice
        )
        self.evidence = Evidence()
        """Fed on the receive thread with every piece of the service's main work."""

        self._recovery = Recovery()
        self._fetched_percent = -1

    def load(self) -> None:
        """Build, load and warm the engine. Engine thread."""

    def canned(self) -> str:
        """Do the canned request and say what it showed; raise EngineError when the answer is wrong.

        Engine thread. A long one calls `let_calls_go_first` now and then.
        """
        return "nothing to prove"

    def canned_budget_ms(self) -> float:
        """How long the canned request may take when it is repeated."""
        return CANNED_BUDGET_MS

    def hear_fetch(self, progress: Progress) -> bool:
        """Show how far the fetch of a model has come; false: the service leaves. Engine thread.

        A fetch that gets on is no engine that hangs: the budget of loading counts anew.
        """
        self._engine_thread.prolong()
        if progress.percent != self._fetched_percent:
            self._fetched_percent = progress.percent
            self.post(lambda: self._show_fetch(progress))
        return self.state != "draining"

    def _show_fetch(self, progress: Progress) -> None:
        if self.state == "loading":
            self.reason = str(progress)
            if progress.percent % _TOLD_PERCENT == 0:
                self.log.info("fetching", extra={"fields": {"reason": self.reason}})

    def submit(self, job: Job[Any]) -> None:
        """Queue work for the engine thread; raises OverloadedError when the queue is full."""
        self._engine_thread.submit(job)

    def activity(self) -> Activity:
        """What the engine thread is doing."""
        return self._engine_thread.activity

    def work(self) -> Work:
        """What the pieces of work have shown."""
        return self.evidence.work()

    def count_failure(self, error: StreamTalkError) -> None:
        """Count it where the engine is to blame; failures in a row take readiness away."""
        if not isinstance(error, EngineError) or isinstance(error, LanguageError):
            return
        self.evidence.failed(str(error))
        if self.evidence.condemns:
            reason = f"{self.evidence.failures_in_a_row} failures in a row: {error}"
            self.become_failed(reason, "work")
            self._doubt()

    def count_doubt(self) -> None:
        """Count a result that is right only now and then; a few in a row, and it is put to proof.

        Readiness is lost only when the canned request goes wrong as well.
        """
        self.evidence.doubted()
        if self.evidence.doubts:
            self._doubt()

    def _doubt(self) -> None:
        self._recovery.begin(time.monotonic_ns(), self.evidence.done)

    def become_ready(self) -> None:
        """From now on calls are welcome, and nothing is left to prove."""
        self._recovery.end()
        super().become_ready()

    def on_housekeeping(self, now_ns: int) -> None:
        """Have an engine in doubt prove itself when nobody wants anything else of it."""
        proves = self.state in ("ready", "failed") and self._recovery.is_due(now_ns)
        if proves and self.engine_idle and not self.activity().hung:
            self._recovery.tried(now_ns)
            self.prove(self._on_proven, self._on_disproved)

    def on_prove(self, call: Call) -> None:
        """Do the canned request for a caller, who waits behind everybody else."""
        if not self.engine_idle:
            raise OverloadedError("the engine is at work, which proves as much; ask again later")

        def proven(proof: Proof) -> None:
            """It was right."""
            call.reply(proof)
            self._on_proven(proof)

        def disproved(error: StreamTalkError) -> None:
            """It was wrong, or had to give way."""
            call.refuse(error)
            self._on_disproved(error)

        self.prove(proven, disproved)

    def prove(self, proven: Proven, disproved: Disproved) -> None:
        """Repeat the canned request when nothing else is to do; the answer comes back here."""
        budget_ms = self.canned_budget_ms()
        job = Job("canned", budget_ms, self.timed_canned, proven, disproved, Duty.BACKGROUND)
        self.submit(job)

    def timed_canned(self) -> Proof:
        """The canned request and how long it took. Engine thread."""
        began_ns = time.monotonic_ns()
        detail = self.canned()
        duration_ms = (time.monotonic_ns() - began_ns) / 1e6
        return Proof(duration_ms=round(duration_ms, 1), detail=detail)

    def let_calls_go_first(self) -> None:
        """Raise OverloadedError when a call waits behind a repeated canned request."""
        if self.state != "loading" and self._engine_thread.waiting:
            raise OverloadedError("the canned request gave way to a call; ask again later")

    def _on_proven(self, proof: Proof) -> None:
        self.evidence.cleared()
        self._recovery.end()
        if self.failure == "work":
            self.log.warning("proved itself", extra={"fields": {"took_ms": proof.duration_ms}})
            self.become_ready()

    def _on_disproved(self, error: StreamTalkError) -> None:
        self.log.warning("canned request failed", extra={"fields": {"reason": str(error)}})
        self.count_failure(error)

    @property
    def engine_idle(self) -> bool:
        """Whether the engine neither runs nor has anything waiting."""
        return self._engine_thread.idle

    def drained(self) -> bool:
        """Whether every accepted call has been worked on."""
        return self._engine_thread.idle

    def on_start(self) -> None:
        """Load on the engine thread; probes are answered meanwhile."""
        self._engine_thread.start()
        self.submit(Job("load", LOAD_BUDGET_MS, self._bring_up, self._on_loaded, self._on_broken))

    def counts(self) -> dict[str, Any]:
        """Work done and waiting, for the directory."""
        thread = self._engine_thread
        return {"items_done": thread.items_done, "queue": thread.waiting}

    def on_close(self) -> None:
        """Wait a moment for the engine to end its call."""
        self._engine_thread.close(_CLOSE_S)

    def _bring_up(self) -> None:
        """Beside an instance that people talk with, loading gives way to it."""
        beside_another = swap_in_progress(self.context.run_dir, self.service)
        self._engine_thread.niceness.give_way(wanted=beside_another)
        self.load()
        self.canned()
        self._engine_thread.niceness.level()

    def _on_loaded(self, _: None) -> None:
        self.become_ready()

    def _on_broken(self, error: StreamTalkError) -> None:
        self.become_failed(str(error))
