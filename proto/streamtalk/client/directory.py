"""Where services are: the directory as heard on the bus, or asked for when nothing is heard."""

import itertools
import time
from collections.abc import Callable, Collection
from typing import Final

import msgspec

from streamtalk.client.caller import Caller
from streamtalk.client.rundir import RunDir
from streamtalk.proto.codec import decode_as
from streamtalk.proto.directory import Directory, Instance, Lookup
from streamtalk.proto.errors import MessageError, StreamTalkError
from streamtalk.proto.topics import ALL_SESSIONS, topic

_DECODER: Final = msgspec.msgpack.Decoder(Directory)
_ASK_NS: Final = 200_000_000
_FRESH_NS: Final = 2_500_000_000
"""The directory comes every second: two that were lost are no silence yet."""

_DOUBT_NS: Final = 300_000_000
_SUSPECT_NS: Final = 10_000_000_000
"""Longer than the watchdog needs to end what hangs."""

_SERVING: Final = ("ready", "active", "draining")


def usable(directory: Directory, service: str) -> list[Instance]:
    """Instances that callers may use: ready, live, and active where there is such a record."""
    active = directory.active.get(service)
    return [
        instance
        for instance in directory.instances
        if instance.service == service
        and instance.ready
        and instance.live
        and (active is None or instance.slot in active)
    ]


class Addresses:
    """Finds an endpoint for a service; endpoints that just failed are avoided for a moment."""

    topic: Final = topic("state", "directory", ALL_SESSIONS)

    def __init__(self, run_dir: RunDir, caller: Caller) -> None:
        self._registry = run_dir.registry
        self._caller = caller
        self.directory = Directory(version=0, registry="")
        self._heard_ns = 0
        self._ask_ns = 0
        self._doubts: dict[str, int] = {}
        self._suspects: dict[str, int] = {}
        self._turn = itertools.count()
        self.avoids: Callable[[str], bool] = lambda _: False
        """Whether an endpoint is to be called only where there is no other, by a breaker."""

        self.on_change: Callable[[Directory], None] = lambda _: None

    def hear(self, header: bytes) -> None:
        """Take the directory from the bus."""
        try:
            self._take(decode_as(_DECODER, header))
        except MessageError:
            return

    def tick(self, now_ns: int) -> int:
        """Ask the registry when the bus has been silent; returns when to come again."""
        if now_ns - self._heard_ns > _FRESH_NS and now_ns >= self._ask_ns:
            self._ask_ns = now_ns + _ASK_NS
            self._caller.call(self._registry, Lookup(), 1.0, self._take, self._not_found)
        return max(self._ask_ns, self._heard_ns + _FRESH_NS)

    def instances(self, service: str) -> list[Instance]:
        """Usable instances of a service, in the order in which they should be called.

        Those without doubt first, then by rank, the least loaded first.
        """
        now_ns = time.monotonic_ns()
        return sorted(
            usable(self.directory, service),
            key=lambda i: (self._doubted(i, now_ns), self._order(i)),
        )

    def find(self, service: str, avoid: Collection[str] = ()) -> str | None:
        """The endpoint to call, or None; equally loaded instances take turns.

        `avoid`: endpoints that are not wanted.
        """
        now_ns = time.monotonic_ns()
        sure = [
            instance
            for instance in self.instances(service)
            if not self._doubted(instance, now_ns) and instance.endpoint not in avoid
        ]
        if not sure:
            return None
        best = [i for i in sure if self._order(i) == self._order(sure[0])]
        return best[next(self._turn) % len(best)].endpoint

    def serves(self, endpoint: str) -> bool:
        """Whether the instance still works on what it has begun, be it on its way out."""
        return any(
            instance.endpoint == endpoint and instance.live and instance.state in _SERVING
            for instance in self.directory.instances
        )

    def _doubted(self, instance: Instance, now_ns: int) -> bool:
        return self._doubts.get(instance.endpoint, 0) > now_ns

    def _order(self, instance: Instance) -> tuple[bool, int, int, int]:
        """Our own calls to it are known exactly, those of others as of its last registration."""
        suspected = self._suspects.get(instance.endpoint, 0) > time.monotonic_ns()
        pending = self._caller.pending_at(instance.endpoint)
        avoided = suspected or self.avoids(instance.endpoint)
        return avoided, instance.rank, pending, instance.queue

    def doubt(self, endpoint: str) -> None:
        """A call to the endpoint failed: avoid it for 300 ms and ask for news."""
        self._doubts[endpoint] = time.monotonic_ns() + _DOUBT_NS
        self._heard_ns = 0

    def suspect(self, endpoint: str) -> None:
        """The instance is late with its work: for 10 s it is called only where it is alone."""
        self._suspects[endpoint] = time.monotonic_ns() + _SUSPECT_NS

    def _take(self, directory: Directory) -> None:
        self._heard_ns = time.monotonic_ns()
        changed = (directory.registry, directory.version) != (
            self.directory.registry,
            self.directory.version,
        )
        self.directory = directory
        if changed:
            live = {instance.endpoint for instance in directory.instances}
            self._doubts = {name: due for name, due in self._doubts.items() if name in live}
            self._suspects = {name: due for name, due in self._suspects.items() if name in live}
            self.on_change(directory)

    def _not_found(self, error: StreamTalkError) -> None:
        del error
