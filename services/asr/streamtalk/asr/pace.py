"""How long recognition takes on this machine, and how long it may take before it counts as hung.

Pure. An engine measures its `Pace` when it is warmed up; a `Budget` follows from it, which the
instance declares to its watchdog and to its callers.
"""

from dataclasses import dataclass
from typing import Final

MARGIN: Final = 2.0
"""A call may take so many times what was measured: the worst case is in the measure already, the
wait for a processor is forgiven by the watchdog; what is left is a machine that has slowed down."""

SLACK_MS: Final = 1_000.0
"""Added to that, and so the least that any call may take."""

MOST_CALL_MS: Final = 180_000.0
MOST_FACTOR: Final = 20.0
"""A machine that is slower than this cannot hold a conversation with the model; a hang must be
found all the same."""


@dataclass(frozen=True)
class Pace:
    """What a call costs: a part that every call has, and one that grows with the audio."""

    call_ms: float
    factor: float
    """Milliseconds for each millisecond of audio."""

    def cost_ms(self, audio_ms: float) -> float:
        """How long a call takes, as measured."""
        return self.call_ms + self.factor * audio_ms

    def budget(self) -> "Budget":
        """How long it may take."""
        call_ms = min(MARGIN * self.call_ms, MOST_CALL_MS)
        return Budget(SLACK_MS + call_ms, min(MARGIN * self.factor, MOST_FACTOR))


@dataclass(frozen=True)
class Budget:
    """A call that takes longer than this hangs."""

    base_ms: float
    factor: float
    """Milliseconds for each millisecond of audio, added."""

    def of(self, audio_ms: float) -> float:
        """For audio of this length, in milliseconds."""
        return self.base_ms + self.factor * audio_ms
