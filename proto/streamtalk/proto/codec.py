"""MessagePack to typed messages and back, with the limits checked first."""

from typing import Final, TypeVar

import msgspec

from streamtalk.proto import (
    attachment,
    conversation,
    device,
    directory,
    endpointing,
    frames,
    health,
    playback,
    recognition,
    state,
    synthesis,
    trace,
)
from streamtalk.proto.errors import (
    MalformedError,
    StreamTalkError,
    UnknownMessageError,
    WrongVersionError,
)
from streamtalk.proto.limits import MAX_HEADER_BYTES, PROTOCOL_VERSION
from streamtalk.proto.message import Message, Ok, Refusal, Request

_MODULES = (
    attachment,
    conversation,
    device,
    directory,
    endpointing,
    frames,
    health,
    playback,
    recognition,
    state,
    synthesis,
    trace,
)
_ROOTS = {"Message", "Request", "Reply", "SinkRequest"}


def _collect() -> dict[str, type[Message]]:
    found: dict[str, type[Message]] = {"ok": Ok, "refusal": Refusal}
    for module in _MODULES:
        for name, item in vars(module).items():
            if isinstance(item, type) and issubclass(item, Message) and name not in _ROOTS:
                found[str(item.__struct_config__.tag)] = item
    return found


MESSAGES: Final = _collect()
"""Every message type by its tag."""

M = TypeVar("M", bound=Message)
_ENCODER = msgspec.msgpack.Encoder()
_DECODERS = {tag: msgspec.msgpack.Decoder(kind) for tag, kind in MESSAGES.items()}


class _Envelope(msgspec.Struct, gc=False):
    type: str
    v: int = PROTOCOL_VERSION


_ENVELOPE = msgspec.msgpack.Decoder(_Envelope)


def encode(message: Message) -> bytes:
    """The header part of `message`: a MessagePack map with the tag under `type`."""
    return _ENCODER.encode(message)


def decode(raw: bytes) -> Message:
    """Decode any known message.

    Raises MalformedError, UnknownMessageError or WrongVersionError, with the path of the bad field.
    """
    if len(raw) > MAX_HEADER_BYTES:
        message = f"header of {len(raw)} bytes; at most {MAX_HEADER_BYTES}"
        raise MalformedError(message)
    try:
        envelope = _ENVELOPE.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(str(error)) from error
    if envelope.v != PROTOCOL_VERSION:
        message = f"protocol version {envelope.v}; this process speaks {PROTOCOL_VERSION}"
        raise WrongVersionError(message)
    decoder = _DECODERS.get(envelope.type)
    if decoder is None:
        message = f"unknown message type {envelope.type[:80]!r}"
        raise UnknownMessageError(message)
    return decode_as(decoder, raw)


def decode_as(decoder: msgspec.msgpack.Decoder[M], raw: bytes) -> M:
    """Decode one expected type, for hot paths; raises MalformedError."""
    try:
        return decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(str(error)) from error


def decode_request(raw: bytes) -> Request:
    """Decode a call's header; raises UnknownMessageError for what is no request."""
    message = decode(raw)
    if not isinstance(message, Request):
        text = f"{type(message).__struct_config__.tag!r} is not a request"
        raise UnknownMessageError(text)
    return message


def refusal(error: StreamTalkError) -> Refusal:
    """The reply that carries `error` to the caller."""
    return Refusal(code=error.code, message=str(error)[:2_000], retryable=error.retryable)
