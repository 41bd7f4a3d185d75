"""`python -m streamtalk.<service>`: configuration, lock, log, signals, then the service's loop."""

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from streamtalk.client.rundir import RunDir, default_run_dir
from streamtalk.proto.errors import StreamTalkError
from streamtalk.runtime.config import (
    CONFIG_VARIABLE,
    PROFILE_VARIABLE,
    RUN_DIR_VARIABLE,
    THREAD_VARIABLES,
    ProcessConfig,
    Table,
    decode_table,
    from_environment,
    layer,
    read_toml,
)
from streamtalk.runtime.lock import lock_slot
from streamtalk.runtime.logs import open_log
from streamtalk.runtime.metrics import ServiceMetrics
from streamtalk.runtime.process import (
    ProcessIdentity,
    dump_stacks_on_signal,
    slot_of,
    tune_interpreter,
)
from streamtalk.runtime.service import Service, ServiceContext

C = TypeVar("C", bound=ProcessConfig)


def service_table(
    service: str, slot: str, run_dir: RunDir, config: Path | None, profile: str | None
) -> object:
    """This service's table, all layers put together."""
    document = read_toml(config) if config else {}
    overlay = run_dir.slots / f"{slot}.toml"
    overlays: list[Table] = [{service: read_toml(overlay)}] if overlay.exists() else []
    merged = layer(document, profile, [*overlays, from_environment(os.environ, [service])])
    return merged.get(service, {})


def _arguments(service: str) -> argparse.Namespace:
    environment = os.environ
    parser = argparse.ArgumentParser(prog=f"python -m streamtalk.{service}")
    run_dir = environment.get(RUN_DIR_VARIABLE) or str(default_run_dir())
    parser.add_argument("--run-dir", default=run_dir, help="where the stack's sockets and logs lie")
    parser.add_argument("--slot", default=slot_of(service), help="which of the service's slots")
    parser.add_argument(
        "--config", default=environment.get(CONFIG_VARIABLE), help="streamtalk.toml"
    )
    parser.add_argument("--profile", default=environment.get(PROFILE_VARIABLE))
    return parser.parse_args()


def _provide_threads(config: ProcessConfig) -> None:
    """Libraries of mathematics read this when they are loaded, which has happened: begin anew."""
    threads: int = getattr(config, "threads", 1)
    wanted = dict.fromkeys(THREAD_VARIABLES, str(threads))
    if threads > 1 and any(os.environ.get(name) != value for name, value in wanted.items()):
        os.environ.update(wanted)
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 — our own command line


def _build(service_class: type[Service[C]], config_class: type[C]) -> Service[C]:
    name = service_class.service
    arguments = _arguments(name)
    run_dir = RunDir(Path(arguments.run_dir).absolute()).prepare()
    config_path = Path(arguments.config) if arguments.config else None
    table = service_table(name, arguments.slot, run_dir, config_path, arguments.profile)
    config = decode_table(name, table, config_class)
    _provide_threads(config)
    lock_slot(run_dir.slots, arguments.slot)
    run_dir.clear_slot(arguments.slot)
    tune_interpreter(config.nice)
    dump_stacks_on_signal(run_dir.logs / f"{arguments.slot}.stack")
    context = ServiceContext(
        identity=ProcessIdentity(name, arguments.slot),
        run_dir=run_dir,
        log=open_log(name, run_dir.logs, arguments.slot),
        metrics=ServiceMetrics(name),
    )
    return service_class(context, config)


def run_service(service_class: type[Service[C]], config_class: type[C]) -> NoReturn:
    """Run one service until SIGTERM or SIGINT; exits 0, or 1 with the reason on stderr."""
    try:
        service = _build(service_class, config_class)
    except StreamTalkError as error:
        sys.stderr.write(f"{service_class.service}: {error}\n")
        sys.exit(2 if error.code == "config" else 1)

    def drain(_signal: int, _frame: Any) -> None:  # noqa: ANN401 — the signature that signal calls
        service.begin_drain()

    signal.signal(signal.SIGTERM, drain)
    signal.signal(signal.SIGINT, drain)
    service.run()
    sys.exit(0)
