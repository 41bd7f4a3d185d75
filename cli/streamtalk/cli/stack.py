"""A stack in a run directory: started detached, watched until it is ready, and taken down."""

import contextlib
import fcntl
import importlib.resources
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

from streamtalk.cli import overlay
from streamtalk.cli.surroundings import surroundings
from streamtalk.client.peer import Peer
from streamtalk.client.ring import RingReader
from streamtalk.client.rundir import RunDir
from streamtalk.client.sockets import BoundedContext
from streamtalk.proto.directory import Directory, Instance, Lookup
from streamtalk.proto.errors import AudioRangeError, InputError, NotReadyError, StreamTalkError
from streamtalk.runtime.config import Table
from streamtalk.runtime.supervision import HELPERS, ProcessState, Supervisor, SupervisorError

_LEFTOVER_WAIT_S: Final = 8.0
_LAUNCH: Final = "launch.json"
_POLL_S: Final = 0.05
_ROOM_BYTES: Final = 32 << 20
_DOWN_S: Final = 20.0
_SLOTS_S: Final = 12.0
_LISTENS_S: Final = 0.5
_WRITES_NS: Final = 2_000_000_000
_LOOKUP_S: Final = 0.5
_DISPENSABLE: Final = ("audio_io_0",)
"""Without a sound library there are still WAV files; the stack comes up without these."""

_LEFT: Final = (
    *(("s", "*.sock"), ("rings", "*.ring*")),
    *(("slots", "registry.json"), ("slots", "*.toml"), ("slots", "*.toml.new")),
    ("slots", "upgrade.json"),
)
"""What a stack leaves in the run directory; overlays of a swap end with the stack."""


def supervisord_conf() -> Path:
    """The supervisord configuration: of the checkout, else the one that was installed."""
    checkout = Path(__file__).resolve().parents[3] / "supervisord.conf"
    if checkout.exists():
        return checkout
    return Path(str(importlib.resources.files("streamtalk.cli") / "supervisord.conf"))


@dataclass(frozen=True)
class Progress:
    """How far the start has come."""

    ready: list[str]
    waiting: dict[str, str]
    """Services that are not ready, and what they are doing."""

    @property
    def fetches(self) -> set[str]:
        """How far each fetch of a model has come, in words: other words, and it gets on."""
        return {why for why in self.waiting.values() if why.startswith(FETCHING)}


FETCHING: Final = "loading: fetching"
"""How `doing` begins of an instance that brings its model."""


def doing(instance: Instance) -> str:
    """What an instance that is not ready does, for a person."""
    is_told = instance.state == "loading" and instance.reason
    return f"{instance.state}: {instance.reason}" if is_told else instance.state


def _can_be_missing(slot: str, why: str, replaceable: Collection[str]) -> bool:
    """Whether a conversation can begin without this slot, for this reason."""
    if why.startswith("failed"):
        return slot in _DISPENSABLE or slot in replaceable
    return why.startswith(FETCHING) and slot in replaceable


class Launch(msgspec.Struct, frozen=True):
    """What a stack was started with."""

    config_path: str = ""
    profile: str | None = None

    @property
    def config(self) -> Path | None:
        """The configuration file."""
        return Path(self.config_path) if self.config_path else None


class Stack:
    """One run directory's stack."""

    def __init__(self, run_dir: RunDir) -> None:
        self.run_dir = run_dir
        self.supervisor = Supervisor(run_dir)

    @property
    def running(self) -> bool:
        """Whether a supervisord answers, be it only that it is shutting down."""
        try:
            self.supervisor.processes()
        except NotReadyError:
            return False
        except SupervisorError:
            return True
        return True

    def directory(self) -> Directory:
        """The registry's directory; raises CallError when it does not answer."""
        with BoundedContext() as context, Peer(context, self.run_dir.registry) as registry:
            return registry.call(Lookup(), Directory, _LOOKUP_S)

    def launch(self) -> Launch:
        """Configuration and profile that the running stack was started with."""
        try:
            return msgspec.json.decode((self.run_dir.slots / _LAUNCH).read_bytes(), type=Launch)
        except (OSError, msgspec.DecodeError):
            return Launch()

    def note_launch(self, config: Path | None, profile: str | None) -> None:
        """Write down what the stack is started with, for the commands that come."""
        launch = Launch(str(config.absolute()) if config else "", profile)
        (self.run_dir.slots / _LAUNCH).write_bytes(msgspec.json.encode(launch))

    def start(
        self,
        config: Path | None,
        profile: str | None,
        overlays: Mapping[str, Table] = MappingProxyType({}),
        without: Collection[str] = (),
    ) -> int:
        """Start supervisord detached; returns its process id.

        `overlays`: what slots that start by themselves have over the configuration; `without`:
        variables of the environment that they do not get.

        Raises InputError when a stack runs there already.
        """
        self.run_dir.prepare()
        self._check_space()
        lock = self._lock()
        try:
            self._wait_for_leftovers()
            self._clean()
            self.note_launch(config, profile)
            for slot, table in overlays.items():
                overlay.write(self.run_dir, slot, table)
            given = {name: value for name, value in os.environ.items() if name not in without}
            return self._spawn(lock, surroundings(self.run_dir, config, profile, given))
        finally:
            os.close(lock)

    def _check_space(self) -> None:
        """Rings and logs need room; supervisord's own words for a full disk help nobody."""
        free_bytes = shutil.disk_usage(self.run_dir.path).free
        if free_bytes < _ROOM_BYTES:
            message = (
                f"the disk of {self.run_dir.path} has {free_bytes >> 20} MiB left, a stack needs "
                f"{_ROOM_BYTES >> 20}: free some, or name another --run-dir"
            )
            raise InputError(message)

    def _lock(self) -> int:
        """Held by supervisord for as long as it lives, because it inherits the descriptor."""
        path = self.run_dir.slots / "stack.lock"
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            message = (
                f"a stack already runs in {self.run_dir.path}; "
                "take it down with `streamtalk down`, or name another --run-dir"
            )
            raise InputError(message) from error
        return descriptor

    def _wait_for_leftovers(self) -> None:
        """Services whose supervisor was killed leave within seconds."""
        deadline = time.monotonic() + _LEFTOVER_WAIT_S
        while held := [path.stem for path in self._slot_locks() if _is_locked(path)]:
            if time.monotonic() > deadline:
                message = f"{', '.join(held)} of an earlier stack still run in {self.run_dir.path}"
                raise InputError(message)
            time.sleep(_POLL_S)

    def _slot_locks(self) -> list[Path]:
        return [p for p in self.run_dir.slots.glob("*.lock") if p.name != "stack.lock"]

    def _clean(self) -> None:
        """Remove what a killed stack left; no service lives here, the locks say.

        An edge of a person may: it goes on with the next stack, through its socket and its ring.
        """
        for folder, pattern in _LEFT:
            for path in (self.run_dir.path / folder).glob(pattern):
                if not _is_in_use(path):
                    path.unlink(missing_ok=True)

    def _spawn(self, lock: int, environment: Mapping[str, str]) -> int:
        output = self.run_dir.logs / "supervisord.out"
        with output.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "supervisor.supervisord", "-c", str(supervisord_conf())],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(lock,),
                cwd="/",
            )
        return process.pid

    def wait_ready(
        self,
        wait_s: float,
        report: Callable[[Progress], None],
        replaceable: Collection[str] = (),
    ) -> list[Instance]:
        """Until every started service is ready; raises NotReadyError with the reasons.

        While a model is fetched, and gets on, the time does not run. `replaceable`: slots that may
        fail, or be late, since others will do their work; for a fetch of theirs nobody waits.
        """
        deadline = time.monotonic() + wait_s
        progress, instances = Progress([], {"supervisord": "starting"}), list[Instance]()
        fetches = set[str]()
        while time.monotonic() < deadline:
            progress, instances = self._look(replaceable)
            report(progress)
            if new := progress.fetches - fetches:
                deadline, fetches = time.monotonic() + wait_s, fetches | new
            if progress.ready and not progress.waiting:
                return instances
            if any(reason.startswith("failed") for reason in progress.waiting.values()):
                break
            time.sleep(_POLL_S)
        else:
            if progress.ready and progress.waiting.keys() <= {*replaceable}:
                return instances
        reasons = "; ".join(f"{name}: {why}" for name, why in sorted(progress.waiting.items()))
        message = f"not ready: {reasons}. Logs are in {self.run_dir.logs}"
        raise NotReadyError(message)

    def _look(self, replaceable: Collection[str]) -> tuple[Progress, list[Instance]]:
        try:
            processes = [p for p in self.supervisor.processes() if p.state != "STOPPED"]
        except StreamTalkError:
            return Progress([], {"supervisord": self._supervisord_output()}), []
        try:
            instances = {i.slot: i for i in self.directory().instances}
        except StreamTalkError:
            instances = {}
        ready, waiting = [], {}
        for process in processes:
            why = self._why_not(process, instances.get(process.slot))
            if why and not _can_be_missing(process.slot, why, replaceable):
                waiting[process.slot] = why
            else:
                ready.append(process.slot)
        return Progress(ready, waiting), list(instances.values())

    def _supervisord_output(self) -> str:
        with contextlib.suppress(OSError):
            text = (self.run_dir.logs / "supervisord.out").read_text(errors="replace").strip()
            lines = [line for line in text.splitlines() if "Error" in line]
            if lines:
                return f"failed: {lines[-1]}"
        return "starting"

    def _why_not(self, process: ProcessState, instance: Instance | None) -> str:
        if process.state == "FATAL":
            return f"failed to start: {self.last_words(process.slot)}"
        if instance is None:
            return "starting"
        if instance.ready:
            return ""
        failed = instance.state == "failed" and not instance.reason.startswith("waiting")
        return f"failed: {instance.reason}" if failed else doing(instance)

    def last_words(self, slot: str) -> str:
        """The last line that a slot's process printed."""
        with contextlib.suppress(OSError):
            text = (self.run_dir.logs / f"{slot}.out").read_text(errors="replace").strip()
            if text:
                return text.splitlines()[-1]
        return "no output"

    def stop(self) -> bool:
        """Take the stack down; False where there was none. Raises NotReadyError if it stays."""
        pid = self._pid()
        if not self.running and pid is None:
            return False
        for slots in self._order_of_leaving():
            self._stop_slots(slots)
        with contextlib.suppress(StreamTalkError):
            self.supervisor.shutdown()
        if pid is not None and not self.running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _DOWN_S
        lock = self.run_dir.slots / "stack.lock"
        while _is_locked(lock) or any(_is_locked(path) for path in self._slot_locks()):
            if time.monotonic() > deadline:
                message = f"the stack in {self.run_dir.path} does not end; see {self.run_dir.logs}"
                raise NotReadyError(message)
            time.sleep(_POLL_S)
        self._clean()
        return True

    def _order_of_leaving(self) -> list[list[str]]:
        """First who would start others again, then who speaks, then the models; the rest last.

        Nothing is left to supervisord's own shutdown, which takes a second a group.
        """
        with contextlib.suppress(StreamTalkError):
            slots = [process.slot for process in self.supervisor.processes() if process.wanted]
            first = [slot for slot in slots if slot.startswith(("watchdog", *HELPERS))]
            talking = [slot for slot in slots if slot.startswith(("orchestrator", "audio_io"))]
            infrastructure = [slot for slot in slots if slot.startswith(("bus", "registry"))]
            models = [s for s in slots if s not in {*first, *talking, *infrastructure}]
            return [first, talking, models, infrastructure]
        return []

    def _stop_slots(self, slots: list[str]) -> None:
        """Side by side, where supervisord itself would stop one after another."""
        deadline = time.monotonic() + _SLOTS_S
        with contextlib.suppress(StreamTalkError):
            for slot in slots:
                self.supervisor.stop(slot)
            while time.monotonic() < deadline:
                left = {p.slot for p in self.supervisor.processes() if p.pid}
                if not left & set(slots):
                    return
                time.sleep(_POLL_S)

    def _pid(self) -> int | None:
        """Of a supervisord that holds the lock but may not answer yet."""
        if not _is_locked(self.run_dir.slots / "stack.lock"):
            return None
        try:
            return int((self.run_dir.path / "supervisord.pid").read_text())
        except (OSError, ValueError):
            return None


def _is_in_use(path: Path) -> bool:
    """Whether somebody listens at the socket, or has just written into the ring."""
    if path.suffix == ".sock":
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(_LISTENS_S)
            return line.connect_ex(str(path)) == 0
    if path.suffix == ".ring":
        with contextlib.suppress(AudioRangeError), contextlib.closing(RingReader(path)) as ring:
            return 0 <= time.monotonic_ns() - ring.written_ns < _WRITES_NS
    return False


def _is_locked(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
