"""What every message is: a frozen, tagged msgspec `Struct`, in map form on the wire."""

import re
from typing import Annotated, ClassVar

import msgspec

from streamtalk.proto.limits import MAX_NAME_CHARS, MAX_POSITION, PROTOCOL_VERSION

Name = Annotated[str, msgspec.Meta(max_length=MAX_NAME_CHARS)]
"""A bounded name: session, answer, stream, service, slot, instance."""

SessionId = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,64}\Z")]
Position = Annotated[int, msgspec.Meta(ge=0, le=MAX_POSITION)]
"""A sample position or a count of samples; the rate is the stream's own."""


def _tag(class_name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", class_name).lower()


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=_tag, gc=False):
    """Root of all messages; the tag is the class name in snake_case.

    Receivers ignore fields they do not know, so a field may be added without a new version.
    """


class Request(Message, frozen=True, kw_only=True):
    """A call's header. Its socket answers with one `Reply` message, or with `Refusal`."""

    replies: ClassVar[tuple[str, ...]] = ("ok",)
    """Tags of the replies that a caller may get; `refusal` besides."""

    v: int = PROTOCOL_VERSION
    """Protocol version of the caller; checked before anything else."""


class Reply(Message, frozen=True, kw_only=True):
    """Root of what comes back from a call."""


class Ok(Reply, frozen=True, kw_only=True):
    """Done; there is nothing more to say."""


class Refusal(Reply, frozen=True, kw_only=True):
    """Not done, and why."""

    code: Name
    """Stable code of the error tree (`errors.py`)."""

    message: str
    """What went wrong and what to do, for a person."""

    retryable: bool = False
    """Whether the same call may succeed later or elsewhere."""
