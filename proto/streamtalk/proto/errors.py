"""Every error of Stream-Talk, each with a stable code that also goes on the wire.

StreamTalkError
├── ConfigError             configuration: names the key and what to write instead
├── InputError              a file or argument from the person cannot be used
├── MessageError            the wire: a message that cannot be accepted
│   ├── MalformedError          not MessagePack, or fields of the wrong type
│   ├── UnknownMessageError     a type that this socket does not serve
│   └── WrongVersionError       another protocol version
├── CallError               a call to another process did not give its result
│   ├── DeadlineError           no answer in time
│   ├── PeerLostError           the process died or left
│   ├── NotReadyError           no instance of that service is ready
│   └── OverloadedError         a bounded queue or the session limit is full
├── SessionError            unknown session, superseded term, bad lease
├── AudioRangeError         the ring no longer holds, or does not yet hold, the samples
└── EngineError             a model failed
    ├── EngineMissingError      a dependency or a model file is not installed
    ├── LanguageError           the engine cannot do this language
    └── RemoteError             the server of a remote engine gave no result
        ├── RemoteUnreachableError  no connection, or it broke
        ├── RemoteAuthError         the key is missing or refused
        ├── RemoteRateLimitedError  asked too often, or no credit left
        ├── RemoteRefusedError      the server does not take the request
        ├── RemoteServerError       the server failed
        ├── RemoteTimeoutError      nothing, or nothing further, came in time
        └── RemoteGarbageError      what came is no result
"""

from typing import ClassVar


class StreamTalkError(Exception):
    """A failure without a code of its own; root of all others.

    `code` is stable, and `retryable` says whether the same call may succeed later or elsewhere.
    """

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False


class ConfigError(StreamTalkError):
    """A configuration key or value that cannot be used; the message names its path."""

    code = "config"


class InputError(StreamTalkError):
    """A file or argument that cannot be used; the message says what would be."""

    code = "input"


class MessageError(StreamTalkError):
    """A message that a receiver does not accept."""

    code = "message"


class MalformedError(MessageError):
    """Not MessagePack, over a limit, or a field of the wrong type."""

    code = "malformed"


class UnknownMessageError(MessageError):
    """A message type that this socket does not serve."""

    code = "unknown_message"


class WrongVersionError(MessageError):
    """A request of a protocol version that this process does not speak."""

    code = "wrong_version"


class CallError(StreamTalkError):
    """A call to another process that brought no result."""

    code = "call"
    retryable = True


class DeadlineError(CallError):
    """The deadline of a call passed."""

    code = "deadline"


class PeerLostError(CallError):
    """The instance that held the call died or left."""

    code = "peer_lost"


class NotReadyError(CallError):
    """No ready instance of the service is registered."""

    code = "not_ready"


class OverloadedError(CallError):
    """A bounded queue or the session limit is full."""

    code = "overloaded"


class SessionError(StreamTalkError):
    """Unknown session, a superseded term, or a lease that ran out."""

    code = "session"


class AudioRangeError(StreamTalkError):
    """The ring does not hold the named samples."""

    code = "audio_range"


class EngineError(StreamTalkError):
    """A model failed on this input."""

    code = "engine"


class EngineMissingError(EngineError):
    """A dependency or model file of the engine is not installed; the message says how to get it."""

    code = "engine_missing"


class LanguageError(EngineError):
    """The engine cannot do the language that was asked for."""

    code = "language"


class RemoteError(EngineError):
    """The server of a remote engine gave no result; another engine may."""

    code = "remote"


class RemoteUnreachableError(RemoteError):
    """No connection to the server, or the connection broke."""

    code = "remote_unreachable"
    retryable = True


class RemoteAuthError(RemoteError):
    """The key is missing or refused; the message names the variable to set."""

    code = "remote_auth"


class RemoteRateLimitedError(RemoteError):
    """The server limits its use; the message says from when it may be asked again."""

    code = "remote_rate_limited"
    retryable = True


class RemoteRefusedError(RemoteError):
    """The server does not take the request; the same one is refused again."""

    code = "remote_refused"


class RemoteServerError(RemoteError):
    """The server failed."""

    code = "remote_server"
    retryable = True


class RemoteTimeoutError(RemoteError):
    """Nothing, or nothing further, came in time."""

    code = "remote_timeout"
    retryable = True


class RemoteGarbageError(RemoteError):
    """What the server sent is no result."""

    code = "remote_garbage"


def _tree(root: type[StreamTalkError]) -> list[type[StreamTalkError]]:
    return [root, *(leaf for child in root.__subclasses__() for leaf in _tree(child))]


def error_from_code(code: str, message: str) -> StreamTalkError:
    """Rebuild the error that a peer sent; an unknown code becomes the root class."""
    kinds = {kind.code: kind for kind in _tree(StreamTalkError)}
    return kinds.get(code, StreamTalkError)(message)
