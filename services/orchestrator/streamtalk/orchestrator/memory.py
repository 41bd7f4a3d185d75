"""What one session remembers besides its turns: settings, timers, and what was said last."""

from dataclasses import dataclass, field
from datetime import datetime

from streamtalk.orchestrator.assistant.answer import Context as AssistantContext
from streamtalk.orchestrator.assistant.timers import Pending
from streamtalk.orchestrator.context import PastTurn

_KEPT_TURNS = 100


@dataclass
class Memory:
    """The part of a session that every answer may depend on."""

    rate: float = 1.0
    volume: float = 1.0
    last_reply: str = ""
    last_user_text: str = ""
    last_intent: str = ""
    past: list[PastTurn] = field(default_factory=list)

    def remember(self, turn: PastTurn, reply: str, intent: str) -> None:
        """A turn is over."""
        self.past.append(turn)
        del self.past[:-_KEPT_TURNS]
        self.last_user_text = turn.user_text or self.last_user_text
        if turn.user_text:
            self.last_intent = intent
        self.last_reply = reply or self.last_reply

    def assistant_context(
        self, now: datetime, now_ns: int, timers: tuple[Pending, ...], *, rejected: bool
    ) -> AssistantContext:
        """What the built-in assistant may know."""
        return AssistantContext(
            now=now,
            now_ns=now_ns,
            timers=timers,
            rate=self.rate,
            volume=self.volume,
            last_reply=self.last_reply,
            last_user_text=self.last_user_text,
            last_intent=self.last_intent,
            rejected=rejected,
        )
