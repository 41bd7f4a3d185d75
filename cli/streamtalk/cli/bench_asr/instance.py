"""A recogniser process of the benchmark's own: nobody else calls it, nobody restarts it."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final, Self

from streamtalk.cli.ending import end
from streamtalk.cli.surroundings import surroundings
from streamtalk.cli.toml_text import dump
from streamtalk.client.closing import Closing
from streamtalk.client.peer import Peer
from streamtalk.client.rundir import RunDir
from streamtalk.client.sockets import BoundedContext
from streamtalk.proto.errors import CallError, NotReadyError
from streamtalk.proto.health import Health, Probe
from streamtalk.runtime.config import Table

_READY_S: Final = 600.0
"""A large model is loaded and measured."""

_POLL_S: Final = 0.05
_STOP_S: Final = 15.0


class Instance(Closing):
    """`asr` with these settings in a run directory of its own, from entry to exit."""

    def __init__(self, asr: Table) -> None:
        self._asr = asr
        self._folder = tempfile.TemporaryDirectory(prefix="stb-", ignore_cleanup_errors=True)
        self.run_dir = RunDir(Path(self._folder.name))
        self.context = BoundedContext()
        self.endpoint = ""

    def __enter__(self) -> Self:
        self.run_dir.prepare()
        config = self.run_dir.path / "streamtalk.toml"
        config.write_text(dump({"asr": self._asr}), encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "streamtalk.asr", "--run-dir", str(self.run_dir.path)],
            env=surroundings(self.run_dir, config, None, os.environ),
            stdin=subprocess.DEVNULL,
        )
        try:
            self.endpoint = self._wait_ready()
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """End the process and remove its folder."""
        end(self._process, _STOP_S)
        self.context.destroy(linger=0)
        self._folder.cleanup()

    def ring(self, name: str) -> Path:
        """Where a microphone of this name writes."""
        return self.run_dir.path / "rings" / f"{name}.ring"

    def _wait_ready(self) -> str:
        give_up_s = time.monotonic() + _READY_S
        reason = "it did not answer"
        while self._process.poll() is None and time.monotonic() < give_up_s:
            for path in (self.run_dir.path / "s").glob("asr_0-*.sock"):
                health = self._health(f"ipc://{path}")
                if health is not None and health.instance.ready:
                    return f"ipc://{path}"
                reason = health.instance.reason if health is not None else reason
                if health is not None and health.instance.state == "failed":
                    raise NotReadyError(f"asr cannot be measured: {reason}")
            time.sleep(_POLL_S)
        raise NotReadyError(f"asr was not ready: {reason}")

    def _health(self, endpoint: str) -> Health | None:
        try:
            with Peer(self.context, endpoint) as peer:
                return peer.call(Probe(), Health, 1.0)
        except CallError:
            return None
