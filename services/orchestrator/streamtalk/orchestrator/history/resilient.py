"""A history that goes on in memory when the disk fails, says so, and returns when it can."""

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, TypeVar

from streamtalk.orchestrator.history.file import MEMORY, advice
from streamtalk.orchestrator.history.records import HistoryError
from streamtalk.orchestrator.history.store import History, wall_clock_ns

RETURN_AFTER_NS: Final = 60 * 1_000_000_000
"""How long memory is used before the disk is tried again."""

P = ParamSpec("P")
T = TypeVar("T")
_LOG = logging.getLogger(__name__)


class ResilientHistory:
    """Runs actions on a `History`, in whichever place works; for one thread."""

    def __init__(
        self,
        path: Path,
        *,
        retention_days: float = 0.0,
        clock: Callable[[], int] = wall_clock_ns,
    ) -> None:
        self._path = path
        self._retention_days = retention_days
        self._clock = clock
        self._retry_at_ns: int | None = None
        self.notice = ""
        """What a person should know about the history; empty when all is well."""

        try:
            self._history = self._on_disk(0)
            self.notice = self._history.notice
        except HistoryError as error:
            self._history = History(MEMORY, clock=clock)
            self._say(str(error))

    @property
    def in_memory(self) -> bool:
        """Whether what is said now would be lost with the process."""
        return self._retry_at_ns is not None

    def run(
        self, action: Callable[Concatenate[History, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do `action(history, *args)`; when the disk fails, again in memory."""
        if self._retry_at_ns is not None and self._clock() >= self._retry_at_ns:
            self._return_to_disk()
        try:
            return action(self._history, *args, **kwargs)
        except sqlite3.Error as error:
            if self.in_memory:
                raise
            self._move_to_memory(error)
        return action(self._history, *args, **kwargs)

    def close(self) -> None:
        """Close the history."""
        self._history.close()

    def _on_disk(self, last_term: int) -> History:
        return History(
            self._path,
            retention_days=self._retention_days,
            clock=self._clock,
            last_term=last_term,
        )

    def _move_to_memory(self, error: sqlite3.Error) -> None:
        old = self._history
        terms = old.claimed
        self._history = History(MEMORY, clock=self._clock, last_term=max(terms.values(), default=0))
        for session, term in terms.items():
            try:
                self._history.adopt(old, session, term)
            except sqlite3.Error:
                self._history.keep_term(session, term)
        old.close()
        self._say(f"the history {self._path} cannot be written: {advice(error)}")

    def _return_to_disk(self) -> None:
        memory = self._history
        terms = memory.claimed
        try:
            disk = self._on_disk(max(terms.values(), default=0))
        except HistoryError as error:
            self._say(str(error))
            return
        try:
            for session, term in terms.items():
                disk.adopt(memory, session, term)
        except sqlite3.Error as error:
            disk.close()
            self._say(f"the history {self._path} cannot be written: {advice(error)}")
            return
        memory.close()
        self._history, self._retry_at_ns, self.notice = disk, None, disk.notice
        _LOG.warning("the history is on disk again")

    def _say(self, what: str) -> None:
        self._retry_at_ns = self._clock() + RETURN_AFTER_NS
        self.notice = f"{what}. Until then the conversation is kept in memory only."
        _LOG.error("%s", self.notice)
