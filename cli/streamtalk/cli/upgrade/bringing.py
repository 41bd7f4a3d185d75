"""The process that brings a better engine: fetch the model, then the ordinary swap.

It runs under supervisord beside the services, with the lowest priority. Killed, it is started
again and goes on where it was; it ends when there is nothing left to do.
"""

import os
import sys
import time
from pathlib import Path
from typing import Final, NoReturn

import psutil
from msgspec.structs import replace

from streamtalk.asr.config import AsrConfig
from streamtalk.asr.whisper.model_files import advice
from streamtalk.asr.whisper.places import AUTO, find_model, is_here
from streamtalk.cli.configuration import merged
from streamtalk.cli.fetching import fetch_whisper, named
from streamtalk.cli.reach import Reach
from streamtalk.cli.signals import all_as_interrupts
from streamtalk.cli.stack import Stack
from streamtalk.cli.swap import swap
from streamtalk.cli.upgrade import news
from streamtalk.cli.upgrade.news import Upgrade
from streamtalk.cli.upgrade.rate import Rate
from streamtalk.cli.upgrade.retry import Retry
from streamtalk.cli.upgrade.start import PROGRAM
from streamtalk.client.rundir import RunDir, default_run_dir
from streamtalk.proto.errors import (
    EngineMissingError,
    InputError,
    NotReadyError,
    StreamTalkError,
)
from streamtalk.runtime.config import RUN_DIR_VARIABLE, decode_table
from streamtalk.runtime.lock import lock_slot
from streamtalk.runtime.logs import open_log
from streamtalk.runtime.models.progress import Progress

_NICE: Final = 19
_MB: Final = 1_000_000
_SHOW_NS: Final = 250_000_000
_LOOK_S: Final = 0.5
_LOAD_S: Final = 300.0
_RETRIED: Final = (EngineMissingError, InputError, NotReadyError)
"""No network, no room, somebody else is at it: that changes by itself, or a person changes it."""


class _AbandonedError(Exception):
    """The supervisor is gone, and the stack with it."""


class Bringing:
    """One upgrade, from the news file to its end."""

    def __init__(self, run_dir: RunDir, upgrade: Upgrade) -> None:
        self._run_dir = run_dir
        self._upgrade = upgrade
        self._parent = os.getppid()
        self._log = open_log("upgrade", run_dir.logs, PROGRAM)
        self._rate = Rate()
        self._retry = Retry()
        self._shown_ns = 0
        self._why = ""

    def run(self) -> None:
        """Try until it is done, or cannot be."""
        while True:
            try:
                self._bring()
            except _RETRIED as error:
                self._wait(error)
            except StreamTalkError as error:
                self._tell("failed", str(error))
                return
            else:
                return

    def _bring(self) -> None:
        table = self._table()
        if self._upgrade.model == AUTO:
            self._choose(table)
        upgrade = self._upgrade
        if not is_here(upgrade.model):
            fetch_whisper(upgrade.model, table.engines.faster_whisper.hub, self._hear)
        if self._serving() != upgrade.stand_in:
            words = f"is here; `streamtalk swap {upgrade.service} --engine {upgrade.engine}`"
            self._tell("done", words)
            return
        _check_memory(upgrade.model)
        self._tell("loading")
        self._swap()
        self._tell("done", f"has taken over{self._why}")

    def _choose(self, table: AsrConfig) -> None:
        """Measure the machine, and from now on go by the name of the model that suits it."""
        self._tell("measuring")
        choice = named(table.engines.faster_whisper, table.threads)
        self._why = f"; {choice.reason}"
        self._log.info("chosen", extra={"fields": {"model": choice.model, "reason": choice.reason}})
        self._upgrade = replace(self._upgrade, model=choice.model)

    def _swap(self) -> None:
        """However slow the new engine is beside the old one: a person wished for it."""
        swap(
            self._upgrade.service,
            engine=self._upgrade.engine,
            wait_s=_LOAD_S,
            slower=0.0,
            run_dir=self._run_dir.path,
        )

    def _table(self) -> AsrConfig:
        launch = Stack(self._run_dir).launch()
        table = merged(launch.config, launch.profile).get(self._upgrade.service, {})
        return decode_table(self._upgrade.service, table, AsrConfig)

    def _serving(self) -> str:
        """The engine of the stage's first rank."""
        with Reach(self._run_dir) as reach:
            directory = reach.directory()
        active = directory.active.get(self._upgrade.service, [])
        mine = [i for i in directory.instances if i.slot in active]
        if not mine:
            raise NotReadyError(f"no {self._upgrade.service} is there to give way")
        return min(mine, key=lambda i: i.rank).engine

    def _hear(self, progress: Progress) -> bool:
        if self._upgrade.phase != "fetching":
            self._tell("fetching")
        now_ns = time.monotonic_ns()
        self._rate.see(progress.done_bytes, now_ns)
        if now_ns - self._shown_ns >= _SHOW_NS:
            self._shown_ns = now_ns
            self._upgrade = replace(
                self._upgrade,
                done_bytes=progress.done_bytes,
                total_bytes=progress.total_bytes,
                bytes_per_s=round(self._rate.bytes_per_s),
            )
            news.write(self._run_dir, self._upgrade)
        self._check_supervisor()
        return True

    def _wait(self, error: StreamTalkError) -> None:
        """Until it is time to try again, or somebody has brought the model."""
        reason = self._reason(error)
        if self._retry.is_news(reason):
            self._tell("waiting", reason)
        until = time.monotonic() + self._retry.pause_s()
        while time.monotonic() < until and not is_here(self._upgrade.model):
            self._check_supervisor()
            time.sleep(_LOOK_S)

    def _reason(self, error: StreamTalkError) -> str:
        if isinstance(error, EngineMissingError):
            return f"{str(error).partition(';')[0]}; {advice(self._upgrade.model)}"
        return str(error)

    def _check_supervisor(self) -> None:
        if os.getppid() != self._parent:
            raise _AbandonedError

    def _tell(self, phase: news.Phase, message: str = "") -> None:
        self._upgrade = replace(self._upgrade, phase=phase, message=message)
        news.write(self._run_dir, self._upgrade)
        fields = {"model": self._upgrade.model, "reason": message}
        self._log.info(phase, extra={"fields": fields})


def _check_memory(model: str) -> None:
    """A model takes at least as much memory as its files; raises NotReadyError where it is short.

    What the kernel would end for want of memory may be anybody.
    """
    folder = find_model(model)
    files = folder.rglob("*") if folder is not None else ()
    needed_mb = sum(path.stat().st_size for path in files if path.is_file()) / _MB
    free_mb = psutil.virtual_memory().available / _MB
    if needed_mb > free_mb:
        text = f"{model} needs {needed_mb:.0f} MB of memory, and {free_mb:.0f} are free"
        raise NotReadyError(f"{text}: free some, or choose a smaller one")


def run() -> NoReturn:
    """Bring what the news file of the run directory asks for; exits 0."""
    os.nice(_NICE)
    folder = os.environ.get(RUN_DIR_VARIABLE) or default_run_dir()
    run_dir = RunDir(Path(folder).absolute()).prepare()
    upgrade = news.read(run_dir)
    if upgrade is None or upgrade.phase in news.OVER:
        sys.exit(0)
    lock_slot(run_dir.slots, PROGRAM)
    try:
        with all_as_interrupts():
            Bringing(run_dir, upgrade).run()
    except (KeyboardInterrupt, _AbandonedError):
        sys.exit(0)
    sys.exit(0)
