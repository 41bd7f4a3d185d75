"""A stack with people talking in it, and an observer beside it."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

import psutil

from streamtalk.cli.bench_stack import BenchStack
from streamtalk.cli.chaos.account import fate
from streamtalk.cli.chaos.crowd import Crowd, People
from streamtalk.cli.chaos.detached import DetachedStack
from streamtalk.cli.chaos.kept_logs import keep_logs
from streamtalk.cli.chaos.observer import Observer
from streamtalk.cli.chaos.plan import SERVICES
from streamtalk.cli.chaos.script import tables
from streamtalk.cli.chaos.talker import Said
from streamtalk.client.closing import Closing
from streamtalk.client.rundir import RunDir
from streamtalk.proto.errors import NotReadyError

WELL_S: Final = 60.0
_POLL_MS: Final = 20.0


class Scene(Closing):
    """Started on entry; everybody has been answered once when it is entered."""

    def __init__(
        self,
        people: People,
        *,
        replicas: int = 1,
        base_url: str = "",
        folder: Path | None = None,
        detached: bool = False,
        patient: bool = True,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="stc-", ignore_cleanup_errors=True)
        self.orders = Path(self._folder.name)
        given = tables(self.orders, base_url, patient=patient)
        self._stack: BenchStack | DetachedStack = (
            DetachedStack(given) if detached else BenchStack(given, replicas, folder=folder)
        )
        self._people = people
        self._talking: tuple[Observer, Crowd] | None = None

    def __enter__(self) -> Self:
        self._stack.__enter__()
        try:
            self.watch_talk()
        except BaseException:
            self.close()
            raise
        return self

    def watch_talk(self) -> None:
        """Begin to talk and to observe; returns when everybody has been answered."""
        self.observer = Observer(self.run_dir)
        self.crowd = Crowd(self.run_dir, self._people)
        self._talking = self.observer, self.crowd
        self.observer.loop.watch(self.crowd.descriptor)
        if not self.wait(lambda: self.well and self.answered_since(0), WELL_S):
            missing, logs = self.missing_since(0), self.keep_logs("start")
            raise NotReadyError(f"not everybody is answered: {missing}; logs are kept in {logs}")

    def hush(self) -> None:
        """End the talk; the stack stays."""
        if self._talking is not None:
            observer, crowd = self._talking
            self._talking = None
            observer.loop.unwatch(crowd.descriptor)
            crowd.close()
            observer.close()

    def close(self) -> None:
        """End the talk, then the stack."""
        self.hush()
        self._stack.close()
        self._folder.cleanup()

    @property
    def detached(self) -> DetachedStack:
        """The stack, where it was asked for as a detached one."""
        if not isinstance(self._stack, DetachedStack):
            raise TypeError("this scene has supervisord for a child")
        return self._stack

    @property
    def run_dir(self) -> RunDir:
        """Where the stack lives."""
        return self._stack.run_dir

    @property
    def supervisord_pid(self) -> int:
        """The parent of every service."""
        return self._stack.pid

    @property
    def well(self) -> bool:
        """Whether every service has a ready instance, and the people are there."""
        return self.crowd.alive and all(self.observer.ready(service) for service in SERVICES)

    def serve(self) -> None:
        """One round of hearing and reading."""
        if self.observer.serve(_POLL_MS):
            self.crowd.read()

    def wait(self, holds: Callable[[], object], limit_s: float) -> bool:
        """Serve until something holds; False when it does not within the limit."""
        end_s = time.monotonic() + limit_s
        while not holds():
            if time.monotonic() > end_s or not self.crowd.alive:
                return False
            self.serve()
        return True

    def said_since(self, began_ns: int) -> list[Said]:
        """Utterances that were over after `began_ns`, begun before or later."""
        return [said for said in self.crowd.said if _end_ns(said) >= began_ns]

    def answered_since(self, began_ns: int) -> bool:
        """Whether every session was answered to something that was said later."""
        return bool(self.crowd.sessions) and not self._unanswered_since(began_ns)

    def missing_since(self, began_ns: int) -> str:
        """Who was not answered to anything said later, and which services are away."""
        away = [service for service in SERVICES if not self.observer.ready(service)]
        unanswered = self._unanswered_since(began_ns) if self.crowd.sessions else ["nobody talks"]
        return ", ".join([*unanswered, *(f"{service} is away" for service in away)])

    def keep_logs(self, case: str) -> str:
        """Keep the stack's logs beyond its end; returns where."""
        return str(keep_logs(self.run_dir.logs, case))

    def _unanswered_since(self, began_ns: int) -> list[str]:
        fresh = {
            said.session
            for said in self.crowd.said
            if said.began_ns > began_ns and fate(said) == "answered"
        }
        return sorted(set(self.crowd.sessions) - fresh)

    def rss_mb(self) -> dict[str, float]:
        """Resident memory of every service's process and of the edge."""
        slots = {i.pid: i.slot for i in self.observer.directory.instances}
        found = {}
        for pid, name in {**slots, self.crowd.pid: "edge"}.items():
            try:
                found[f"{name} {pid}"] = psutil.Process(pid).memory_info().rss / (1 << 20)
            except psutil.Error:
                continue
        return found


def growth_mb(before: dict[str, float], after: dict[str, float]) -> tuple[float, str]:
    """Most that one process has grown that was there before and after, and which it is."""
    grown = [(after[name] - mb, name.split()[0]) for name, mb in before.items() if name in after]
    most_mb, name = max(grown, default=(0.0, "nobody"))
    return round(max(0.0, most_mb), 1), name


def _end_ns(said: Said) -> int:
    return max(said.ended_ns, said.played_ns[-1] if said.played_ns else 0)
