"""What the registry knows and decides; no sockets, no clock.

The `active` record names slots, not instances, so a process restarted in its slot is active again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from streamtalk.proto.directory import MODEL_SERVICES, Directory, Instance, InstanceState
from streamtalk.proto.errors import NotReadyError, OverloadedError
from streamtalk.runtime.looks import WAKING_NS, Looks

MAX_INSTANCES: Final = 256
"""The directory stays a message of bounded size, whoever registers."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What survives the registry's own death."""

    active: dict[str, list[str]] = {}
    instances: list[Instance] = []


def _visible(instance: Instance) -> tuple[object, ...]:
    return (
        instance.instance,
        instance.state,
        instance.live,
        instance.ready,
        instance.reason,
        instance.engine,
        instance.endpoint,
    )


@dataclass
class Book:
    """Instances by id, and the active slots."""

    registry: str
    silent_after_ns: int
    forget_after_ns: int
    version: int = 0
    active: dict[str, list[str]] = field(default_factory=dict)
    _instances: dict[str, Instance] = field(default_factory=dict)
    _heard_ns: dict[str, int] = field(default_factory=dict)
    _looks: Looks = field(default_factory=Looks)

    def restore(self, snapshot: Snapshot, now_ns: int, runs: Callable[[int], bool]) -> None:
        """Take over what the registry before this one knew, of processes that still run."""
        self.active = {service: list(slots) for service, slots in snapshot.active.items()}
        for instance in snapshot.instances:
            if not runs(instance.pid):
                continue
            self._instances[instance.instance] = instance
            self._heard_ns[instance.instance] = now_ns
        self.version += 1

    def snapshot(self) -> Snapshot:
        """What to keep."""
        return Snapshot(active=self.active, instances=list(self._instances.values()))

    def register(self, instance: Instance, now_ns: int) -> bool:
        """Note what an instance says of itself; returns whether anyone would care.

        Raises OverloadedError where there are more instances than a stack can have.
        """
        known = self._instances.get(instance.instance)
        if known is None and len(self._instances) >= MAX_INSTANCES:
            message = f"{MAX_INSTANCES} instances are registered, which is the limit"
            raise OverloadedError(message)
        self._instances[instance.instance] = instance
        self._heard_ns[instance.instance] = now_ns
        changed = known is None or _visible(known) != _visible(instance)
        if self._adopt(instance) or changed:
            self.version += 1
            return True
        return False

    def _adopt(self, instance: Instance) -> bool:
        """The first ready instance of a model service becomes the active one."""
        if instance.service not in MODEL_SERVICES or not instance.ready:
            return False
        if self.active.get(instance.service):
            return False
        self.active[instance.service] = [instance.slot]
        return True

    def is_active(self, instance: Instance) -> bool:
        """Whether callers should use this instance."""
        if instance.service not in MODEL_SERVICES:
            return True
        return instance.slot in self.active.get(instance.service, [])

    def remove(self, instance_id: str) -> bool:
        """Take an instance out; returns whether it was there."""
        self._heard_ns.pop(instance_id, None)
        if self._instances.pop(instance_id, None) is None:
            return False
        self.version += 1
        return True

    def expire(self, now_ns: int) -> bool:
        """Mark the silent and forget the long silent; returns whether anything changed.

        A gap in which we did not look ourselves is held against nobody, nor is the waking after it.
        """
        if self._looks.look(now_ns):
            self._heard_ns = dict.fromkeys(self._heard_ns, now_ns + WAKING_NS)
            return False
        changed = False
        for key, heard_ns in list(self._heard_ns.items()):
            silent_ns = now_ns - heard_ns
            instance = self._instances[key]
            if silent_ns > self.forget_after_ns:
                changed |= self.remove(key)
            elif silent_ns > self.silent_after_ns and instance.live:
                self._instances[key] = msgspec.structs.replace(
                    instance, live=False, ready=False, reason="silent"
                )
                self.version += 1
                changed = True
        return changed

    def activate(self, service: str, slots: list[str], awaited: Sequence[str] = ()) -> None:
        """Move the record; raises NotReadyError unless every new slot holds a ready instance.

        Those of `awaited` need none yet.
        """
        usable = {i.slot for i in self._instances.values() if i.service == service and i.ready}
        usable.update(self.active.get(service, []))
        missing = [slot for slot in slots if slot not in usable]
        if missing or not slots or service not in MODEL_SERVICES:
            message = (
                f"cannot make {', '.join(missing) or 'nothing'} active in {service}: not ready"
            )
            raise NotReadyError(message)
        self.active[service] = list(dict.fromkeys([*slots, *awaited]))
        self.version += 1

    def instance_ids(self) -> list[str]:
        """Ids of all instances."""
        return list(self._instances)

    def view(self) -> Directory:
        """The directory as callers see it."""
        return Directory(
            version=self.version,
            registry=self.registry,
            instances=sorted(map(self._shown, self._instances.values()), key=lambda i: i.instance),
            active=self.active,
        )

    def _shown(self, instance: Instance) -> Instance:
        """As the record has it: an instance hears that it became active only later."""
        if not instance.ready:
            return instance
        state: InstanceState = "active" if self.is_active(instance) else "ready"
        return msgspec.structs.replace(instance, state=state)
