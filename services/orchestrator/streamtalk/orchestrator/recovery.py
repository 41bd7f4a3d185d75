"""What a new owner of a session finds in the history, and how it goes on from there."""

from dataclasses import dataclass, field

import msgspec

from streamtalk.orchestrator.context import PastTurn
from streamtalk.orchestrator.history import History, TimerRow, TurnRow
from streamtalk.orchestrator.kept import KEPT_ANSWER, KeptAnswer
from streamtalk.orchestrator.memory import Memory

_HISTORY_TURNS = 100


@dataclass(frozen=True)
class Legacy:
    """Everything that an earlier owner left."""

    term: int
    turns: list[TurnRow]
    open_turn: TurnRow | None
    next_turn: int
    kept: KeptAnswer | None
    timers: list[TimerRow]
    settings: dict[str, float | str] = field(default_factory=dict)

    @property
    def resumed(self) -> bool:
        """Whether there is any history."""
        return bool(self.turns)

    def consumed(self, stream: str) -> int:
        """The microphone stream belongs to finished turns up to here."""
        rows = [row.to_sample for row in self.turns if row.stream == stream and row.user_text]
        return max(rows, default=0)

    def memory(self) -> Memory:
        """The session's memory as it was."""
        memory = Memory(
            rate=float(self.settings.get("rate", 1.0)),
            volume=float(self.settings.get("volume", 1.0)),
        )
        for row in self.turns:
            if row.state == "done":
                past = PastTurn(
                    user_text=row.user_text,
                    heard_text=row.heard_text,
                    interrupted=row.interrupted,
                )
                memory.remember(past, row.reply_text, "")
        return memory


def take_over(history: History, session: str) -> Legacy:
    """Become the session's owner and read what there is. History's thread."""
    term = history.claim(session)
    settings = history.settings(session)
    kept: KeptAnswer | None = None
    text = settings.pop(KEPT_ANSWER, "")
    if isinstance(text, str) and text:
        kept = msgspec.json.decode(text, type=KeptAnswer)
    return Legacy(
        term=term,
        turns=history.turns(session, _HISTORY_TURNS),
        open_turn=history.open_turn(session),
        next_turn=history.next_turn(session),
        kept=kept,
        timers=history.planned_timers(session),
        settings=settings,
    )
