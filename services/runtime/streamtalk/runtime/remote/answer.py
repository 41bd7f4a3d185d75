"""What an HTTP answer is when it is no result: by status, type and first bytes; pure."""

import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

from streamtalk.proto.errors import (
    RemoteAuthError,
    RemoteError,
    RemoteGarbageError,
    RemoteRateLimitedError,
    RemoteRefusedError,
    RemoteServerError,
)

PAUSE_S: Final = 5.0
"""After a 429 that does not say for how long."""

MAX_PAUSE_S: Final = 300.0
"""No server is left alone for longer, whatever it asks."""

_TEXT_TYPES: Final = ("text/", "application/json", "application/xml", "application/problem")
_TEXT_BEGINS: Final = re.compile(rb"""\s*(<!doctype|<html|<\?xml|\{\s*")""", re.IGNORECASE)


def status_error(status: int, *, url: str, key_variable: str, pause_s: float) -> RemoteError:
    """What an HTTP status other than 200 means, and what to do; the server's prose is left out.

    Args:
        status: HTTP status.
        url: Of the server, without key or query.
        key_variable: Environment variable that holds its key; empty: it takes none.
        pause_s: For how long a server that limits its use is not asked.
    """
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        advice = f"set {key_variable} to a valid key" if key_variable else "see its log"
        return RemoteAuthError(f"{url} refuses the key (HTTP {status}): {advice}")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RemoteRateLimitedError(
            f"{url} limits its use (HTTP 429): not asked again for {pause_s:.0f} s; check the plan"
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return RemoteServerError(f"{url} failed (HTTP {status}): see its log, or try again")
    if status >= HTTPStatus.BAD_REQUEST:
        return RemoteRefusedError(
            f"{url} does not take the request (HTTP {status}): check the address, the model and "
            "the other settings of the engine"
        )
    return RemoteGarbageError(f"{url} leads elsewhere (HTTP {status}): set the address of the API")


def pause_s(retry_after: str, date: str) -> float:
    """Seconds of a `Retry-After`, in seconds or as a date beside the answer's own (RFC 9110)."""
    try:
        wanted_s = float(retry_after)
    except ValueError:
        until, now = _parsed(retry_after), _parsed(date)
        wanted_s = (until - now).total_seconds() if until and now else PAUSE_S
    return min(max(wanted_s, 0.0), MAX_PAUSE_S) if wanted_s == wanted_s else PAUSE_S  # noqa: PLR0124 — not a number


def _parsed(date: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(date)
    except ValueError:
        return None
    return found if found.tzinfo else None


def check_is_sound(content_type: str, first: bytes, url: str) -> None:
    """Raise RemoteGarbageError where an answer is text, by its type or by how it begins."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind.startswith(_TEXT_TYPES) or _TEXT_BEGINS.match(first):
        raise RemoteGarbageError(
            f"{url} answers with text ({kind or 'of no type'}) instead of sound: "
            "is that the address of a speech API?"
        )


class Pause:
    """Keeps a server that limits its use from being asked before the time it named."""

    def __init__(self) -> None:
        self._not_before_s = 0.0

    def until(self, not_before_s: float) -> None:
        """The server named a time."""
        self._not_before_s = max(self._not_before_s, not_before_s)

    def admit(self, now_s: float, url: str) -> None:
        """Let a request pass, or raise RemoteRateLimitedError without asking."""
        left_s = self._not_before_s - now_s
        if left_s > 0:
            raise RemoteRateLimitedError(
                f"{url} limits its use: it may be asked again in {left_s:.1f} s"
            )
