"""What can be wrong with a language model; the text never quotes the conversation.

EngineError
└── LlmError
    ├── LlmUnreachableError     nothing answers at that address, or the circuit is open
    ├── LlmAuthError            the key is missing or refused
    ├── LlmRateLimitedError     too many requests, or no credit left
    ├── LlmModelError           the server does not have that model
    ├── LlmContextError         the conversation is longer than the model's context
    ├── LlmTimeoutError         no first word, or no further word, in time
    ├── LlmServerError          the server failed or refused the request
    └── LlmGarbageError         what came back is no answer
"""

from streamtalk.proto.errors import EngineError


class LlmError(EngineError):
    """The language model gave no answer; what it said before the error stands."""

    code = "llm"


class LlmUnreachableError(LlmError):
    """No connection, or the connection broke."""

    code = "llm_unreachable"
    retryable = True


class LlmAuthError(LlmError):
    """HTTP 401 or 403."""

    code = "llm_auth"


class LlmRateLimitedError(LlmError):
    """HTTP 429."""

    code = "llm_rate_limited"
    retryable = True


class LlmModelError(LlmError):
    """HTTP 404, or an error that names the model."""

    code = "llm_model"


class LlmContextError(LlmError):
    """The messages do not fit into the model's context."""

    code = "llm_context"


class LlmTimeoutError(LlmError):
    """A deadline of the answer passed."""

    code = "llm_timeout"
    retryable = True


class LlmServerError(LlmError):
    """HTTP 5xx, another refusal, or an error inside the stream."""

    code = "llm_server"
    retryable = True


class LlmGarbageError(LlmError):
    """Not a stream of chat deltas, or one without a single word."""

    code = "llm_garbage"
