"""Where services are: the directory as heard on the bus, or asked for when nothing is heard."""

import itertools
import time
from collections.abc import Callable
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
        self._turn = itertools.count()
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
        """Usable instances of a service, those without doubt first, the least loaded first."""
        now_ns = time.monotonic_ns()
        found = usable(self.directory, service)
        return sorted(
            found, key=lambda i: (self._doubts.get(i.endpoint, 0) > now_ns, self._load(i))
        )

    def find(self, service: str) -> str | None:
        """The endpoint to call, or None; equally loaded instances take turns."""
        now_ns = time.monotonic_ns()
        sure = [i for i in self.instances(service) if self._doubts.get(i.endpoint, 0) <= now_ns]
        if not sure:
            return None
        least = [i for i in sure if self._load(i) == self._load(sure[0])]
        return least[next(self._turn) % len(least)].endpoint

    def _load(self, instance: Instance) -> tuple[int, int]:
        """Our own calls to it are known exactly, those of others as of its last registration."""
        return self._caller.pending_at(instance.endpoint), instance.queue

    def doubt(self, endpoint: str) -> None:
        """A call to the endpoint failed: avoid it for 300 ms and ask for news."""
        self._doubts[endpoint] = time.monotonic_ns() + _DOUBT_NS
        self._heard_ns = 0

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
            self.on_change(directory)

    def _not_found(self, error: StreamTalkError) -> None:
        del error
