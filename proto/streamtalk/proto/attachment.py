"""Attaching a session to a `vad` instance."""

from typing import ClassVar

from streamtalk.proto.message import Name, Position, Reply, Request, SessionId


class Attach(Request, frozen=True, kw_only=True):
    """Follow a session's microphone from a sample on; repeated every second to keep the lease.

    The same lease again only renews; another lease starts anew from `from_sample`.
    """

    replies: ClassVar = ("attached",)
    session: SessionId
    stream: Name
    ring: str
    """Path of the microphone ring; empty where there is none (then only the bus is heard)."""

    from_sample: Position
    """First sample to judge; earlier samples from the ring only warm the model."""

    lease: Name
    """Chosen by the caller; published states carry it."""


class Attached(Reply, frozen=True, kw_only=True):
    """The session is followed."""

    lease_ms: Position
    """Without another `attach` in this time the session is dropped."""


class Detach(Request, frozen=True, kw_only=True):
    """Stop following; detaching what is not attached is no error."""

    session: SessionId
    lease: Name
