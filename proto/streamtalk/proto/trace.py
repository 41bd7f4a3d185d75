"""What enters and leaves a conversation, told to a recorder while it asks for it, and only then."""

from typing import Annotated, ClassVar

import msgspec

from streamtalk.proto.conversation import OpenSession
from streamtalk.proto.message import Message, Name, Position, Request

TRACE_LEASE_MS = 5_000
"""A recorder asks for so long at a time, every second."""


class Trace(Request, frozen=True, kw_only=True):
    """Publish `trace.call` of a session, or of all; repeated every second to keep the lease.

    A session is traced from the first moment at which nothing is heard, thought or said in it.
    """

    replies: ClassVar = ("ok",)
    session: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{0,64}\Z")] = ""
    """Empty: every session, those that are opened later included."""

    lease_ms: Annotated[int, msgspec.Meta(ge=0, le=60_000)]
    """Without another `trace` in this time nothing is published any more; 0: at once."""


class TraceOpened(Message, frozen=True, kw_only=True):
    """All that a conversation knows while it rests; the payload of a `traced` that is `opened`."""

    request: OpenSession
    term: Position
    next_turn: Position
    stream: Name
    consumed: Position
    """Audio of `stream` before this sample belongs to turns that are over."""

    settings: str
    """The tables `hearing`, `conversation` and `splitter` of the orchestrator, JSON."""


class Traced(Message, frozen=True, kw_only=True):
    """One thing that entered a conversation, or that it asked for. Topic `trace.call`.

    The payload is the header of the message that it is about, where there is one.
    """

    number: Position
    """Counts from 0, the `opened`; one that is missing was lost by the bus."""

    at_ns: int
    """Monotonic clock of the orchestrator's host; the conversation saw this very time."""

    what: Name
    """Entering: `opened`, `vad`, `playback`, `renew`, `typed`, `say`, `lose`, `look`, `tick`,
    `close`, and of calls `reply`, `error`, `text`, `end`. Leaving: `call`, `asked`, `answered`,
    `turn`, `forgot`."""

    call: Position = 0
    """Number of the call that this belongs to."""

    kind: Name = ""
    """Of a `call`: `transcribe`, `predict`, `think`, `speak`, `sink`, `attach`, `after`, …; of
    `answered`, the question: `grammar`, `voice_settings`, …"""

    within: bool = False
    """Whether it happened while the entry before it was still being dealt with."""

    text: str = ""
    """The text that was typed or thought, or the endpoint that was asked; of `answered`, JSON of
    what the world was asked about and its answer, told when it is another than before."""

    due_ns: int | None = None
    """When the silence would have ended the turn, as of before an entry."""
