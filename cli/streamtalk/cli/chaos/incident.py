"""One fault from the blow to the recovery, as a caller of the victim sees it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from streamtalk.proto.directory import Directory, Instance


@dataclass
class Incident:
    """Hears of directories and broken lines; whoever is struck is one of `suspects`."""

    began_ns: int
    suspects: Sequence[Instance]
    detected_ns: int = 0
    back_ns: int = 0
    load_ms: float = 0.0
    """How long the new process says that it took until it was ready."""

    _slots: set[str] = field(default_factory=set)
    """Where a new process is expected."""

    def __post_init__(self) -> None:
        """A single suspect is the victim, also while a directory still lists it as live."""
        if len(self.suspects) == 1:
            self._slots.add(self.suspects[0].slot)

    def on_line_lost(self, now_ns: int) -> None:
        """A caller's line to a suspect has broken."""
        if not self.detected_ns and now_ns >= self.began_ns:
            self.detected_ns = now_ns

    def on_directory(self, directory: Directory, now_ns: int) -> None:
        """What the registry says now."""
        listed = {instance.instance: instance for instance in directory.instances}
        for suspect in self.suspects:
            now = listed.get(suspect.instance)
            if now is None or not (now.live and now.ready):
                self.on_line_lost(now_ns)
                self._slots.add(suspect.slot)
        if not self.back_ns and self.detected_ns:
            self._look_for_new(directory, now_ns)

    def _look_for_new(self, directory: Directory, now_ns: int) -> None:
        old = {suspect.instance for suspect in self.suspects}
        for instance in directory.instances:
            new = instance.slot in self._slots and instance.instance not in old
            if new and instance.ready and instance.live:
                self.back_ns, self.load_ms = now_ns, instance.uptime_s * 1000

    @property
    def detect_ms(self) -> float | None:
        """From the blow to the first evidence."""
        return (self.detected_ns - self.began_ns) / 1e6 if self.detected_ns else None

    @property
    def back_ms(self) -> float | None:
        """From the blow until the slot is ready again."""
        return (self.back_ns - self.began_ns) / 1e6 if self.back_ns else None
