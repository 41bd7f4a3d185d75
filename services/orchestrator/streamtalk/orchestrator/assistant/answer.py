"""What the assistant is told and what it plans; the owner applies the effects later."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from streamtalk.orchestrator.assistant.timers import Pending, Timer


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Start a timer when the reply is committed."""

    duration_s: int
    label: str

    def timer(self, timer_id: str, session: str, now_unix_ns: int) -> Timer:
        """The row to store."""
        return Timer(timer_id, session, now_unix_ns + self.duration_s * 1_000_000_000, self.label)


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """Forget these timers; one that is no longer there is no error."""

    timer_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetRate:
    """Speak at this rate from now on; 1 is the voice's own."""

    rate: float


@dataclass(frozen=True, slots=True)
class SetVolume:
    """Speak at this volume from now on; 1 is the voice's own."""

    volume: float


@dataclass(frozen=True, slots=True)
class StopSpeaking:
    """Do not go on with what was being said."""


Effect: TypeAlias = SetTimer | CancelTimer | SetRate | SetVolume | StopSpeaking


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """All that a reply may depend on; the same context gives the same reply."""

    now: datetime
    """Local time."""

    now_ns: int
    """The monotonic clock of `timers`."""

    timers: tuple[Pending, ...] = ()
    """The running timers of the session, the earliest first."""

    rate: float = 1.0
    volume: float = 1.0
    last_reply: str = ""
    """What the assistant said last."""

    last_user_text: str = ""
    """What the person said before this."""

    last_intent: str = ""
    """`Plan.intent` of the turn before."""

    rejected: bool = False
    """The recogniser does not stand by the text; it is quoted, never obeyed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply and what it entails."""

    text: str
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A planned reply; nothing has happened yet."""

    reply_text: str
    effects: tuple[Effect, ...]
    """To be applied at most once, when the reply is committed."""

    intent: str
    """What was understood; `fallback` when nothing was."""
