"""What was said, kept in SQLite so that a killed orchestrator goes on where it was."""

from streamtalk.orchestrator.history.keeper import HistoryKeeper
from streamtalk.orchestrator.history.records import (
    HistoryError,
    SessionSummary,
    TimerRow,
    TurnRow,
)
from streamtalk.orchestrator.history.store import History

__all__ = ["History", "HistoryError", "HistoryKeeper", "SessionSummary", "TimerRow", "TurnRow"]
