"""Configured phrases are made ahead, one after another, while nobody wants anything."""

import logging
from collections.abc import Callable, Generator, Sequence
from typing import Any

from streamtalk.proto.errors import EngineError, NotReadyError, OverloadedError, StreamTalkError
from streamtalk.runtime.engine_thread import Duty, Job
from streamtalk.tts.cache.cached_engine import CachedEngine
from streamtalk.tts.engine import Order


class Preload:
    """Background jobs, a step each; one phrase that fails does not keep the others back."""

    def __init__(
        self,
        orders: Sequence[Order],
        submit: Callable[[Job[Any]], None],
        budget_ms: Callable[[str], float],
        log: logging.Logger,
    ) -> None:
        self._orders = list(orders)
        self._submit = submit
        self._budget_ms = budget_ms
        self._log = log
        self._begun = False

    def begin(self, engine: CachedEngine) -> None:
        """Start with the first phrase; only the first call does."""
        if not self._begun:
            self._begun = True
            self._next(engine)

    def _next(self, engine: CachedEngine) -> None:
        if self._orders:
            order = self._orders.pop(0)
            self._step(engine, order, engine.prepare(order))

    def _step(self, engine: CachedEngine, order: Order, steps: Generator[None, None, None]) -> None:
        def done(more: bool) -> None:  # noqa: FBT001 — what the job returned
            self._step(engine, order, steps) if more else self._next(engine)

        def failed(error: StreamTalkError) -> None:
            fields = {"code": error.code, "reason": str(error)}
            self._log.warning("phrase not preloaded", extra={"fields": fields})
            self._next(engine)

        budget_ms = self._budget_ms(order.text)
        job = Job("preload", budget_ms, lambda: _advance(steps), done, failed, Duty.BACKGROUND)
        try:
            self._submit(job)
        except (OverloadedError, EngineError, NotReadyError) as error:
            self._log.warning("preloading ended early", extra={"fields": {"reason": str(error)}})


def _advance(steps: Generator[None, None, None]) -> bool:
    """Do a step; false when it was the last."""
    try:
        next(steps)
    except StopIteration:
        return False
    return True
