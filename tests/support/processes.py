"""Several real services in one run directory, each a process of this test."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import zmq

from streamtalk.client.peer import Peer
from streamtalk.client.rundir import RunDir
from streamtalk.proto.directory import Directory, Lookup
from streamtalk.proto.errors import StreamTalkError
from streamtalk.proto.health import Health, Probe
from tests.support.recorder import eventually

START_S = 30.0


def stop_process(pid: int) -> None:
    """SIGSTOP it; it is stopped when this returns, which the signal alone does not promise."""
    os.kill(pid, signal.SIGSTOP)
    process = psutil.Process(pid)
    assert eventually(lambda: process.status() == psutil.STATUS_STOPPED)


class Processes:
    """Starts services, and ends them all."""

    def __init__(self, folder: Path, context: zmq.Context[Any]) -> None:
        self.run_dir = RunDir(folder).prepare()
        self.context = context
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(
        self,
        service: str,
        slot: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a service in a slot, by default its first."""
        slot = slot or f"{service}_0"
        process = subprocess.Popen(
            self.command(service, slot), env=dict(environment) if environment else None
        )
        self.running[slot] = process
        return process

    def command(self, service: str, slot: str) -> list[str]:
        """How it is started."""
        folder = str(self.run_dir.path)
        return [
            sys.executable, "-m", f"streamtalk.{service}", "--run-dir", folder, "--slot", slot
        ]  # fmt: skip

    def sockets(self, slot: str) -> list[Path]:
        """Socket files of a slot's processes."""
        return list((self.run_dir.path / "s").glob(f"{slot}-*.sock"))

    def health(self, slot: str) -> Health | None:
        """What the slot's process says of itself, if it answers."""
        for path in self.sockets(slot):
            try:
                with Peer(self.context, f"ipc://{path}") as peer:
                    return peer.call(Probe(), Health, 1.0)
            except StreamTalkError:
                continue
        return None

    def wait_ready(self, *slots: str) -> None:
        """Return when all of them are ready."""
        for slot in slots:
            self.wait(partial(self._is_ready, slot), slot)

    def _is_ready(self, slot: str) -> bool:
        health = self.health(slot)
        return health is not None and health.instance.ready

    def directory(self) -> Directory | None:
        """What the registry says now, if it answers."""
        try:
            with Peer(self.context, self.run_dir.registry) as peer:
                return peer.call(Lookup(), Directory, 1.0)
        except StreamTalkError:
            return None

    def wait(self, holds: Callable[[], object], what: str) -> None:
        """Return when something holds; raises TimeoutError when it never does."""
        if not eventually(lambda: bool(holds()), START_S):
            raise TimeoutError(what)

    def kill(self, slot: str) -> None:
        """Kill with -9."""
        process = self.running.pop(slot)
        process.kill()
        process.wait(15)

    def terminate(self, slot: str) -> int:
        """SIGTERM; returns the exit status."""
        process = self.running.pop(slot)
        process.terminate()
        return process.wait(15)

    def close(self) -> None:
        """End everything; what does not leave in 15 s is killed, and that is an error."""
        for process in self.running.values():
            process.terminate()
        stuck = []
        deadline_ns = time.monotonic_ns() + 15_000_000_000
        for slot, process in self.running.items():
            try:
                process.wait(max(0.1, (deadline_ns - time.monotonic_ns()) / 1e9))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(15)
                stuck.append(slot)
        if stuck:
            raise TimeoutError(f"did not leave: {stuck}")


@contextmanager
def processes(folder: Path) -> Iterator[Processes]:
    """A run directory to start services in."""
    with zmq.Context() as context:
        found = Processes(folder, context)
        try:
            yield found
        finally:
            found.close()
