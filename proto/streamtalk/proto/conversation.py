"""From an edge or a person to the orchestrator: sessions and their turns."""

from typing import Annotated, ClassVar

import msgspec

from streamtalk.proto.limits import MAX_TEXT_CHARS
from streamtalk.proto.message import Message, Name, Position, Reply, Request, SessionId
from streamtalk.proto.state import SessionRef


class OpenSession(Request, frozen=True, kw_only=True):
    """Begin a session, go on with it, or renew its lease: the same message every second.

    Whoever is the orchestrator knows all from it, so one that was just restarted goes on.
    """

    replies: ClassVar = ("session_opened",)
    session: SessionId
    stream: Name
    ring: str
    """Path of the microphone ring."""

    sink: str
    """Endpoint of the edge's ROUTER, which answers `play`, `stop` and their like."""

    mic_sample: Position
    """Microphone samples captured so far."""

    edge: Name
    """Kind of edge: `audio_io`, `converse`, `gateway`."""

    half_duplex: bool = False
    """The edge silences the microphone while it plays, so nobody can cut in."""

    language: Name = "auto"


class SessionOpened(Reply, frozen=True, kw_only=True):
    """The session is held."""

    term: Position
    """Term of the owner; sinks refuse lower ones."""

    lease_ms: Position
    resumed: bool
    """Whether history of this session was found."""


class CloseSession(Request, frozen=True, kw_only=True):
    """End a session; its history stays."""

    session: SessionId


class UserText(Request, frozen=True, kw_only=True):
    """A typed message: a turn without audio."""

    session: SessionId
    text: Annotated[str, msgspec.Meta(max_length=MAX_TEXT_CHARS)]


class ListSessions(Request, frozen=True, kw_only=True):
    """Ask for the open sessions."""

    replies: ClassVar = ("sessions",)


class Sessions(Reply, frozen=True, kw_only=True):
    """The open sessions."""

    sessions: list[SessionRef]


class GetTurns(Request, frozen=True, kw_only=True):
    """Ask for the turns of this opening of a session, the unfinished one included."""

    replies: ClassVar = ("turns",)
    session: SessionId


class Turn(Message, frozen=True, kw_only=True):
    """One exchange, with times as positions on the session's microphone clock, 16 kHz."""

    turn: Position
    state: Name
    """`hearing`, `thinking`, `speaking`, `done`."""

    user_text: str = ""
    reply_text: str = ""
    heard_text: str = ""
    interrupted: bool = False
    error: str | None = None
    speech_start: Position | None = None
    speech_end: Position | None = None
    """End of speech by our own VAD."""

    committed: Position | None = None
    reply_start: Position | None = None
    """First audible sample at the sink."""

    reply_end: Position | None = None
    stages_ms: dict[str, float] = {}
    late_frames: Position = 0
    gaps: Position = 0
    frames: Position = 0


class Turns(Reply, frozen=True, kw_only=True):
    """The turns, and whether the session waits for the person."""

    turns: list[Turn]
    idle: bool
    """True when nothing is heard, thought or said."""

    judged: Position = 0
    """The VAD has judged the microphone up to here."""

    mic_frames_lost: Position = 0
    engines: dict[str, str] = {}
