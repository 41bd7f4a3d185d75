"""Topics of the bus: `v1.<lane>.<name>.<session>.`, the closing dot included.

ZeroMQ matches subscriptions by prefix, so without the closing dot `s1` would also match `s10`.
"""

import re
from typing import Final, NamedTuple

from streamtalk.proto.errors import MalformedError
from streamtalk.proto.limits import PROTOCOL_VERSION

LANES: Final = ("audio", "state", "trace")
ALL_SESSIONS: Final = "all"
"""Session part of topics that belong to no session, such as the directory."""

_SESSION = re.compile(r"[a-z0-9-]{1,64}")
_NAME = re.compile(r"[a-z_]{1,32}")


class Topic(NamedTuple):
    """A parsed topic."""

    lane: str
    name: str
    session: str


def is_session_id(text: str) -> bool:
    """Whether `text` may name a session: 1 to 64 of a–z, 0–9 and `-`."""
    return _SESSION.fullmatch(text) is not None


def topic(lane: str, name: str, session: str) -> bytes:
    """Build a topic; raises MalformedError on a lane, name or session outside the alphabet."""
    if lane not in LANES or not _NAME.fullmatch(name) or not is_session_id(session):
        message = f"no such topic: lane {lane!r}, name {name!r}, session {session!r}"
        raise MalformedError(message)
    return f"v{PROTOCOL_VERSION}.{lane}.{name}.{session}.".encode()


def topic_prefix(lane: str, name: str) -> bytes:
    """The subscription for one kind of message of every session."""
    return f"v{PROTOCOL_VERSION}.{lane}.{name}.".encode()


def parse_topic(raw: bytes) -> Topic:
    """Split a topic; raises MalformedError unless it has exactly the form of this version."""
    try:
        version, lane, name, session, end = raw.decode("ascii").split(".")
    except (UnicodeDecodeError, ValueError) as error:
        message = f"a topic is v{PROTOCOL_VERSION}.<lane>.<name>.<session>. and not {raw[:80]!r}"
        raise MalformedError(message) from error
    if version != f"v{PROTOCOL_VERSION}" or end or topic(lane, name, session) != raw:
        message = f"not a topic of version {PROTOCOL_VERSION}: {raw[:80]!r}"
        raise MalformedError(message)
    return Topic(lane, name, session)
