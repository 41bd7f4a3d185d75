"""The rows of the history, as values."""

from typing import Literal

import msgspec

from streamtalk.proto.errors import StreamTalkError

TurnState = Literal["hearing", "thinking", "speaking", "done"]


class HistoryError(StreamTalkError):
    """The history file cannot be used; the message says what to do about it."""

    code = "history"


class TurnRow(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange, as far as it has come."""

    session: str
    turn: int
    state: TurnState
    user_text: str = ""
    reply_text: str = ""
    """What the assistant wrote."""

    heard_text: str = ""
    """The part of it that was played."""

    interrupted: bool = False
    error: str | None = None
    stream: str = ""
    """The microphone stream that the samples count in; empty for typed text."""

    from_sample: int = 0
    to_sample: int = 0
    """The microphone is consumed up to here: a recovery reads the ring from this sample on."""

    stages_ms: dict[str, float] = {}
    started_unix_ns: int = 0
    """Set by the store with the first write of the turn."""

    updated_unix_ns: int = 0
    """Set by the store with every write."""


class TimerRow(msgspec.Struct, frozen=True, kw_only=True):
    """A timer that is to speak up."""

    timer_id: str
    """Chosen by the caller so that the same request again has the same id."""

    session: str
    due_unix_ns: int
    label: str = ""


class SessionSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `streamtalk history list`."""

    session: str
    turns: int
    created_unix_ns: int
    updated_unix_ns: int
    first_words: str
    """Beginning of what the person said first."""
