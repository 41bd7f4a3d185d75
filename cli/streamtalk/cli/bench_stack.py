"""A stack of its own for a benchmark: the real services under a real supervisord."""

import configparser
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

from streamtalk.cli import overlay
from streamtalk.cli.ending import end
from streamtalk.cli.replicas import checked, complete, first_overlays
from streamtalk.cli.stack import Stack, supervisord_conf
from streamtalk.cli.surroundings import surroundings
from streamtalk.cli.toml_text import dump
from streamtalk.client.closing import Closing
from streamtalk.client.peer import Peer
from streamtalk.client.rundir import RunDir
from streamtalk.client.sockets import BoundedContext
from streamtalk.proto.directory import Activate, Directory

WAIT_S: Final = 60.0
_CALL_S: Final = 5.0
_STOP_S: Final = 20.0
_NO_EDGES: Final = ("audio_io", "gateway")
"""The benchmark is the edge."""

Tables = Mapping[str, Any]


def stack_conf() -> configparser.RawConfigParser:
    """Supervisord's configuration, without the edges that need devices or the network."""
    conf = configparser.RawConfigParser(comment_prefixes=(";",), delimiters=("=",))
    conf.read(supervisord_conf())
    for section in conf.sections():
        name = section.removeprefix("program:").removesuffix("_spare")
        if name in _NO_EDGES:
            conf.remove_section(section)
    return conf


class BenchStack(Closing):
    """Started on entry and taken down on exit.

    supervisord stays in the process group of the benchmark: whatever ends the group ends the stack.
    """

    def __init__(
        self,
        tables: Tables,
        replicas: int = 1,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.tables = tables
        self._replicas = replicas
        self._environment = environment or {}
        self._folder = tempfile.TemporaryDirectory(
            prefix="stb-", dir=folder, ignore_cleanup_errors=True
        )
        self.run_dir = RunDir(Path(self._folder.name))
        self.stack = Stack(self.run_dir)

    def __enter__(self) -> Self:
        self.run_dir.prepare()
        self._process = self._spawn()
        try:
            self.stack.wait_ready(WAIT_S, lambda _: None)
            self._add_voices()
            complete(self.stack, self._chains, WAIT_S, lambda _: None)
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """Stop every process and remove the folder."""
        end(self._process, _STOP_S)
        self._folder.cleanup()

    @property
    def pid(self) -> int:
        """The supervisord that every service is a child of."""
        return self._process.pid

    def _spawn(self) -> "subprocess.Popen[bytes]":
        config = self.run_dir.path / "streamtalk.toml"
        config.write_text(dump(self.tables), encoding="utf-8")
        self.stack.note_launch(config, None)
        self._chains = checked(config, None)
        for slot, table in first_overlays(self._chains).items():
            overlay.write(self.run_dir, slot, table)
        conf = self.run_dir.path / "supervisord.conf"
        with conf.open("w", encoding="utf-8") as file:
            stack_conf().write(file)
        # What the person's own stack has said before is not to make a benchmark quicker.
        own_cache = {"XDG_CACHE_HOME": str(self.run_dir.path / "cache")}
        environment = {**os.environ, **own_cache, **self._environment}
        return subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(conf)],
            env=surroundings(self.run_dir, config, None, environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd="/",
        )

    def _add_voices(self) -> None:
        """Start further `tts` slots, then make all of them active."""
        slots = [f"tts_{number}" for number in range(self._replicas)]
        for slot in slots[1:]:
            self.stack.supervisor.start(slot)
        if slots[1:]:
            self.stack.wait_ready(WAIT_S, lambda _: None)
            with BoundedContext() as context, Peer(context, self.run_dir.registry) as registry:
                registry.call(Activate(service="tts", slots=slots), Directory, _CALL_S)
