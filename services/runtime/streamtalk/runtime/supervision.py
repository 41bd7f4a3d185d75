"""Talking to supervisord: XML-RPC over its Unix socket, with a deadline on everything."""

import socket
import xmlrpc.client
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

from streamtalk.client.rundir import RunDir
from streamtalk.proto.errors import CallError, NotReadyError

HELPERS: Final = ("upgrade",)
"""Programs that are started for one task and end with it: no service, and nobody probes them."""

_DEADLINE_S: Final = 5.0
_ALREADY_STARTED: Final = 60
_NOT_RUNNING: Final = 70


class SupervisorError(CallError):
    """supervisord refused; `fault` is its own number for why."""

    code = "supervisor"

    def __init__(self, fault: int, reason: str) -> None:
        super().__init__(f"supervisord refused: {reason}")
        self.fault = fault


@dataclass(frozen=True)
class ProcessState:
    """One slot as supervisord sees it."""

    slot: str
    group: str
    state: str
    """`RUNNING`, `STARTING`, `BACKOFF`, `STOPPED`, `EXITED`, `FATAL`, …"""

    pid: int
    description: str
    started_s: int = 0
    """When the last process was started, in seconds of the wall clock; 0: never."""

    @property
    def wanted(self) -> bool:
        """Whether it runs, or supervisord tries to make it run."""
        return self.state in ("RUNNING", "STARTING", "BACKOFF")


class _UnixConnection(HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_DEADLINE_S)
        self._path = path

    def connect(self) -> None:
        """Connect, with the deadline set."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_DEADLINE_S)
        self.sock.connect(self._path)


class _UnixTransport(xmlrpc.client.Transport):
    """XML-RPC over such a connection."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> HTTPConnection:  # noqa: ANN401 — the base's signature
        """A connection to the socket, whatever host was asked for."""
        connection = _UnixConnection(self._path)
        self._connection = (host, connection)
        return connection


class Supervisor:
    """The supervisord of one run directory. Raises NotReadyError when there is none."""

    def __init__(self, run_dir: RunDir) -> None:
        self.path: Path = run_dir.path / "s" / "supervisor.sock"

    def _call(self, name: str, *arguments: object) -> Any:  # noqa: ANN401 — XML-RPC has no types
        transport = _UnixTransport(str(self.path))
        with xmlrpc.client.ServerProxy("http://localhost", transport=transport) as proxy:
            try:
                return getattr(proxy.supervisor, name)(*arguments)
            except xmlrpc.client.Fault as fault:
                raise SupervisorError(fault.faultCode, f"{name}: {fault.faultString}") from fault
            except (OSError, xmlrpc.client.Error) as error:
                message = f"no supervisord answers at {self.path}: {error}"
                raise NotReadyError(message) from error

    def processes(self) -> list[ProcessState]:
        """Every slot."""
        rows = self._call("getAllProcessInfo")
        return [
            ProcessState(
                slot=row["name"],
                group=row["group"],
                state=row["statename"],
                pid=row["pid"],
                description=row["spawnerr"] or row["description"],
                started_s=row["start"],
            )
            for row in rows
        ]

    def process(self, slot: str) -> ProcessState:
        """One slot; raises CallError for a name that supervisord does not have."""
        for row in self.processes():
            if row.slot == slot:
                return row
        message = f"supervisord has no slot {slot!r}"
        raise CallError(message)

    def start(self, slot: str) -> None:
        """Start a slot without waiting; starting what runs is no error."""
        self._control("startProcess", slot, _ALREADY_STARTED)

    def stop(self, slot: str) -> None:
        """Ask a slot to stop, without waiting; stopping what does not run is no error."""
        self._control("stopProcess", slot, _NOT_RUNNING)

    def signal(self, slot: str, name: str) -> None:
        """Send a signal such as `KILL` or `USR1`."""
        self._call("signalProcess", self._full_name(slot), name)

    def shutdown(self) -> None:
        """Stop every slot, then supervisord itself."""
        self._call("shutdown")

    def _control(self, name: str, slot: str, harmless: int) -> None:
        try:
            self._call(name, self._full_name(slot), False)  # noqa: FBT003 — do not wait
        except SupervisorError as fault:
            if fault.fault != harmless:
                raise

    def _full_name(self, slot: str) -> str:
        return f"{self.process(slot).group}:{slot}"
