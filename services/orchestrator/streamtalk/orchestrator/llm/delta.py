"""One event of a chat stream: what it adds to the answer, whatever a server makes of the format."""

import json
import re
from typing import Any, Final

import msgspec

from streamtalk.orchestrator.llm.errors import (
    LlmContextError,
    LlmError,
    LlmModelError,
    LlmRateLimitedError,
    LlmServerError,
)

_CONTEXT: Final = re.compile(
    r"context_length|context length|context window|context size|maximum context|exceed_context"
    r"|n_ctx|too many tokens|prompt is too long|input is too long",
    re.IGNORECASE,
)
_MODEL: Final = re.compile(r"model_not_found|no models? loaded|model .*not found", re.IGNORECASE)
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_UNSPEAKABLE: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ud800-\udfff\ue000-\uf8ff\ufeff\ufff9-\uffff\U000e0000-\U0010ffff]"
)


class Delta(msgspec.Struct, frozen=True):
    """What one event says."""

    text: str = ""
    """Words of the answer."""

    reasoning: bool = False
    """Whether the model only thinks; a sign of life that is never spoken."""

    finish: str = ""
    """Why the answer ended; any text counts, empty means it goes on."""


def speakable(text: str) -> str:
    """The text without control, format, private-use and half characters."""
    return _UNSPEAKABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))


def parse_delta(data: str) -> Delta | None:
    """Read one event; None where it is no chat delta.

    Raises the LlmError that a server reports inside its stream.
    """
    try:
        event = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict):
        return None
    if event.get("error"):
        raise reported_error(event["error"])
    choices = event.get("choices")
    if not isinstance(choices, list):
        return None
    choice = choices[0] if choices and isinstance(choices[0], dict) else {}
    return _read_choice(choice)


def _read_choice(choice: dict[str, Any]) -> Delta:
    body = choice.get("delta") or choice.get("message")
    body = body if isinstance(body, dict) else {}
    thinks = any(
        isinstance(body.get(k), str) and body[k] for k in ("reasoning_content", "reasoning")
    )
    finish = choice.get("finish_reason")
    return Delta(
        text=_content_text(body.get("content")),
        reasoning=thinks,
        finish="" if finish is None else str(finish)[:64] or "unknown",
    )


def _content_text(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [p for p in content if isinstance(p, dict) and p.get("type") == "text"]
        return "".join(p["text"] for p in parts if isinstance(p.get("text"), str))
    return ""


def reported_error(error: object) -> LlmError:
    """The error that a server's own description amounts to.

    Its prose is never passed on: it may quote the conversation or the key.
    """
    identifier = _identifier(error)
    prose = json.dumps(error, default=str)[:10_000]
    if _CONTEXT.search(prose):
        return LlmContextError("the conversation is longer than the model's context")
    if _MODEL.search(prose):
        return LlmModelError("the server has no such model loaded: load it there, or set llm.model")
    if "rate_limit" in prose or "insufficient_quota" in prose:
        return LlmRateLimitedError(
            f"the server limits its use ({identifier}): wait, or check the plan"
        )
    return LlmServerError(
        f"the language model's server reported an error ({identifier}): see its log"
    )


def _identifier(error: object) -> str:
    if isinstance(error, dict):
        for key in ("code", "type"):
            value = error.get(key)
            if isinstance(value, str) and _IDENTIFIER.fullmatch(value):
                return value
    return "unnamed"
