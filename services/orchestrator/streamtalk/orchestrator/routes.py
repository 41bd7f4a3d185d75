"""From a topic of the bus to what a conversation does of the state that comes on it."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from streamtalk.orchestrator.conversation import Conversation
from streamtalk.proto.codec import decode_as
from streamtalk.proto.message import Message
from streamtalk.proto.state import PlaybackState, VadState
from streamtalk.proto.topics import topic

_VAD: Final = msgspec.msgpack.Decoder(VadState)
_PLAYBACK: Final = msgspec.msgpack.Decoder(PlaybackState)
Route = Callable[[bytes], None]
"""Takes a header; raises MalformedError."""


def routes_of(session: str, conversation: Conversation) -> Iterator[tuple[bytes, Route]]:
    """The topics that a conversation listens to, and where each goes."""
    yield topic("state", "vad", session), _route(_VAD, conversation.on_vad)
    yield topic("state", "playback", session), _route(_PLAYBACK, conversation.on_playback)


def _route(decoder: "msgspec.msgpack.Decoder[Any]", handler: Callable[[Any], None]) -> Route:
    def route(header: bytes) -> None:
        message: Message = decode_as(decoder, header)
        handler(message)

    return route
