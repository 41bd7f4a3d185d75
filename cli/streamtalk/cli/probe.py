"""`streamtalk probe`: one instance, one line of JSON, one exit status, for whatever supervises."""

import glob
import json
import sys
import time
from typing import Annotated, Any, Final, Optional

import msgspec
import typer
import zmq

from streamtalk.cli.configuration import TABLES
from streamtalk.cli.options import RunDirOption, find_run_dir
from streamtalk.client.closing import Closing
from streamtalk.client.peer import Peer
from streamtalk.client.rundir import RunDir
from streamtalk.client.sockets import BoundedContext
from streamtalk.proto.directory import Directory, Instance, Lookup
from streamtalk.proto.errors import ConfigError, NotReadyError, StreamTalkError
from streamtalk.proto.health import Health, Probe, Proof, ProveWork

TIMEOUT_S: Final = 2.0
CANNED_TIMEOUT_S: Final = 15.0
_DIRECTORY_SHARE: Final = 0.5
"""The registry may take this much of the time; liveness does not depend on it."""

FIELDS: Final = (
    *("service", "instance", "slot", "engine", "state", "pid", "uptime_s"),
    *("live", "ready", "items_done", "queue", "rss_mb", "rank", "reason"),
)


def probe(
    service: Annotated[str, typer.Argument(help="Service or slot, such as tts or tts_1.")],
    run_dir: RunDirOption = None,
    live: Annotated[bool, typer.Option("--live", help="Alive and not hung.")] = False,
    ready: Annotated[bool, typer.Option("--ready", help="Would answer a call.")] = False,
    canned: Annotated[
        bool, typer.Option("--canned", help="Have it do its canned request now, if it is idle.")
    ] = False,
    timeout_s: Annotated[
        Optional[float],  # noqa: UP045 — typer reads this form
        typer.Option(help="How long to wait, all in all (default: 2, with --canned 15).", min=0.0),
    ] = None,
) -> None:
    """Ask an instance how it is; exit 0 when it is as asked (default: live and ready), else 1."""
    _refuse_unknown(service)
    limit_s = timeout_s if timeout_s is not None else (CANNED_TIMEOUT_S if canned else TIMEOUT_S)
    found = probe_service(find_run_dir(run_dir), service, limit_s, canned=canned)
    typer.echo(json.dumps(found))
    asked = [name for name, on in (("live", live), ("ready", ready)) if on] or ["live", "ready"]
    right = all(found[name] for name in asked)
    sys.exit(0 if right and found.get("canned", {}).get("right", not canned) else 1)


def probe_service(
    run_dir: RunDir, service: str, timeout_s: float, *, canned: bool = False
) -> dict[str, Any]:
    """One line for programs about the best instance of a service, or about a slot."""
    with _Prober(run_dir, time.monotonic() + timeout_s) as prober:
        try:
            health = prober.health(service)
            row = _row(health)
            if canned:
                row["canned"] = prober.prove(health.instance)
        except StreamTalkError as error:
            return {"service": service, "live": False, "ready": False, "reason": str(error)}
        return row


class _Prober(Closing):
    """Calls that share one deadline."""

    def __init__(self, run_dir: RunDir, until_s: float) -> None:
        self._run_dir = run_dir
        self._until_s = until_s
        self._context: zmq.Context[Any] = BoundedContext()

    def close(self) -> None:
        """Give everything back."""
        self._context.destroy(linger=0)

    def health(self, service: str) -> Health:
        """What the best instance says; raises NotReadyError where there is none."""
        try:
            instance = _choose(self._directory(), service)
        except StreamTalkError:
            return self._without_directory(service)
        return self._ask(instance.endpoint)

    def prove(self, instance: Instance) -> dict[str, Any]:
        """How the canned request went."""
        try:
            with Peer(self._context, instance.endpoint) as peer:
                proof = peer.call(ProveWork(), Proof, self._left_s)
        except StreamTalkError as error:
            return {"right": False, "code": error.code, "reason": str(error)}
        return {"right": True, "duration_ms": proof.duration_ms, "detail": proof.detail}

    def _directory(self) -> Directory:
        with Peer(self._context, self._run_dir.registry) as registry:
            return registry.call(Lookup(), Directory, self._left_s * _DIRECTORY_SHARE)

    def _without_directory(self, service: str) -> Health:
        """The registry is away: who is there has a socket of its own."""
        found = []
        for path in sorted((self._run_dir.path / "s").glob(f"{glob.escape(service)}*-*.sock")):
            slot = path.name.rpartition("-")[0]
            if service in (slot, slot.rpartition("_")[0]):
                found.append(f"ipc://{path}")
        if not found:
            where = self._run_dir.path
            message = f"no {service} runs in {where}: start the stack with `streamtalk up`"
            raise NotReadyError(message)
        answers, failure = self._ask_each(found)
        if not answers:
            raise failure
        return max(answers, key=lambda health: _rank(health.instance))

    def _ask_each(self, endpoints: list[str]) -> tuple[list[Health], StreamTalkError]:
        """The answers, and the last reason why there was none."""
        answers = []
        failure = StreamTalkError("nobody was asked")
        for endpoint in endpoints:
            try:
                answers.append(self._ask(endpoint))
            except StreamTalkError as error:
                failure = error
        return answers, failure

    def _ask(self, endpoint: str) -> Health:
        with Peer(self._context, endpoint) as peer:
            return peer.call(Probe(), Health, self._left_s)

    @property
    def _left_s(self) -> float:
        return max(0.0, self._until_s - time.monotonic())


def _refuse_unknown(name: str) -> None:
    slot, underscore, number = name.rpartition("_")
    if name in TABLES or (underscore and number.isdigit() and slot in TABLES):
        return
    message = f"no service {name!r}: name one of {', '.join(TABLES)}, or a slot such as tts_1"
    raise ConfigError(message)


def _choose(directory: Directory, name: str) -> Instance:
    matching = [i for i in directory.instances if name in (i.service, i.slot)]
    if not matching:
        known = ", ".join(sorted({i.service for i in directory.instances}))
        message = f"no instance of {name} is registered; there are {known or 'none at all'}"
        raise NotReadyError(message)
    return max(matching, key=_rank)


def _rank(instance: Instance) -> tuple[bool, bool]:
    return instance.state == "active", instance.ready


def _row(health: Health) -> dict[str, Any]:
    row = {name: getattr(health.instance, name) for name in FIELDS}
    row["doing"], row["busy_ms"], row["budget_ms"] = health.doing, health.busy_ms, health.budget_ms
    row["failure"], row["dropped"] = health.failure, health.dropped
    row["work"] = {
        name: value for name, value in msgspec.to_builtins(health.work).items() if name != "type"
    }
    return row
