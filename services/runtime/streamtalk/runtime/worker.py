"""The skeleton of a service with a model: a service, and one engine thread beside it.

sockets → load → canned request → READY → serve → SIGTERM → DRAINING → close
"""

from typing import Any, Final, TypeVar

from streamtalk.proto.errors import EngineError, LanguageError, StreamTalkError
from streamtalk.proto.health import Work
from streamtalk.runtime.config import ServiceConfig
from streamtalk.runtime.engine_thread import Activity, Duty, EngineThread, Job
from streamtalk.runtime.evidence import Evidence
from streamtalk.runtime.responder import Call
from streamtalk.runtime.service import Service, ServiceContext
from streamtalk.runtime.swap_lock import swap_in_progress

__all__ = ["Call", "Duty", "Job", "ServiceContext", "Worker"]

LOAD_BUDGET_MS: Final = 300_000.0
"""Loading and warming may take this long before the instance counts as hung."""

_CLOSE_S: Final = 1.0
"""A model call that does not end in this time is abandoned with its thread at exit."""

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

    def load(self) -> None:
        """Build, load and warm the engine. Engine thread."""

    def canned(self) -> None:
        """Do the canned request; raise EngineError when the answer is wrong. Engine thread."""

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
            self.become_failed(f"{self.evidence.failures_in_a_row} failures in a row: {error}")

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
