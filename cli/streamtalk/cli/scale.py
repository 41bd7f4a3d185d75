"""`streamtalk scale`: more or fewer instances of a stage, while people talk with it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import typer

from streamtalk.cli import engines, overlay
from streamtalk.cli.options import RunDirOption, find_run_dir
from streamtalk.cli.signals import uninterrupted
from streamtalk.cli.slots import Slots, check_memory, holding_slots
from streamtalk.cli.stack import Stack
from streamtalk.proto.directory import Directory, Instance
from streamtalk.proto.errors import ConfigError, EngineError, NotReadyError, StreamTalkError
from streamtalk.runtime.config import Table

_WAIT_S: Final = 300.0
MAX_INSTANCES: Final = 3
"""supervisord.conf declares seven slots a stage: these, a fallback, and as many for a swap."""


def scale(
    service: Annotated[str, typer.Argument(help="vad, turn, asr or tts.")],
    count: Annotated[int, typer.Argument(min=1, max=MAX_INSTANCES, help="How many instances.")],
    wait_s: Annotated[float, typer.Option(help="How long a new one may load.")] = _WAIT_S,
    run_dir: RunDirOption = None,
) -> None:
    """Run so many instances of a stage; calls and sessions go to the least loaded.

    Lasts until `streamtalk down`; for good it is `replicas` in streamtalk.toml.
    """
    if service not in engines.STAGES:
        message = f"{service!r} has one instance: choose one of {', '.join(engines.STAGES)}"
        raise ConfigError(message)
    with holding_slots(find_run_dir(run_dir), service, f"scaling {service}") as (stack, slots):
        now = Scaling(stack, slots, service, wait_s).to(count)
    typer.echo(f"{service} runs in {', '.join(now)}")


def by_tenure(serving: Sequence[Instance]) -> list[Instance]:
    """Those of the first rank, who stays longest first: ready ones, then by age.

    The oldest has most of the sessions, and has shown that it works.
    """
    first = min(i.rank for i in serving)
    mine = (i for i in serving if i.rank == first)
    return sorted(mine, key=lambda i: (not i.ready, -i.uptime_s, i.slot))


class Scaling:
    """Adds and removes instances of the first rank; those of the fallback chain stay."""

    def __init__(self, stack: Stack, slots: Slots, service: str, wait_s: float) -> None:
        self._stack = stack
        self._slots = slots
        self._service = service
        self._wait_s = wait_s

    def to(self, count: int) -> list[str]:
        """Have so many; returns all active slots. Whatever is raised, no fewer are active."""
        directory = self._slots.directory()
        active = directory.active.get(self._service, [])
        serving = [i for i in directory.instances if i.slot in active]
        if not serving:
            message = f"no {self._service} is ready: see `streamtalk status`"
            raise NotReadyError(message)
        mine = by_tenure(serving)
        if count < len(mine):
            return self._fewer(active, [i.slot for i in mine[count:]])
        return self._more(directory, active, mine[0], count - len(mine))

    def add(self, tables: Sequence[Table]) -> list[str]:
        """Start one more with each of these settings, and make those that load active besides.

        So is what was loading before, as soon as it is ready. Returns why each of the others does
        not; raises NotReadyError where nobody is ready then.
        """
        directory = self._slots.directory()
        slots = self._slots.free(len(tables), directory)
        mine = (i for i in directory.instances if i.service == self._service)
        awaited = [i.slot for i in mine if i.state == "loading"]
        new, reasons = list(slots), list[str]()
        try:
            self._launch(dict(zip(slots, tables, strict=True)))
            for slot in slots:
                try:
                    self._slots.await_ready(slot, self._wait_s)
                except (EngineError, NotReadyError) as error:
                    reasons.append(str(error))
                    self._slots.retire([slot])
                    new.remove(slot)
            if not new and not self._slots.active():
                raise NotReadyError("; ".join(reasons))
            self._join(new, awaited)
        except (StreamTalkError, KeyboardInterrupt):
            self._withdraw(new)
            raise
        return reasons

    def _fewer(self, active: list[str], surplus: list[str]) -> list[str]:
        left = [slot for slot in active if slot not in surplus]
        with uninterrupted():
            self._slots.activate(left)
            self._slots.retire(surplus)
        return left

    def _more(
        self, directory: Directory, active: list[str], pattern: Instance, missing: int
    ) -> list[str]:
        if not missing:
            return active
        check_memory(self._service, missing * pattern.rss_mb)
        table = overlay.current(self._stack.run_dir, pattern.slot)
        return self._start(dict.fromkeys(self._slots.free(missing, directory), table))

    def _start(self, tables: Mapping[str, Table]) -> list[str]:
        new = list(tables)
        try:
            self._launch(tables)
            for slot in new:
                self._slots.await_ready(slot, self._wait_s)
            return self._join(new)
        except (StreamTalkError, KeyboardInterrupt):
            self._withdraw(new)
            raise

    def _launch(self, tables: Mapping[str, Table]) -> None:
        for slot, table in tables.items():
            self._slots.tell(f"starting {slot}")
            self._slots.start(slot, table)

    def _join(self, new: Sequence[str], awaited: Sequence[str] = ()) -> list[str]:
        """Make them active besides; where nobody was, the first of them is already."""
        with uninterrupted():
            together = list(dict.fromkeys([*self._slots.active(), *new]))
            self._slots.activate(together, awaited)
        return together

    def _withdraw(self, new: Sequence[str]) -> None:
        with uninterrupted():
            if not set(new) <= set(self._slots.active()):
                self._slots.retire(new)
