"""From the bytes of one HTTP answer to text fit to be spoken: pure, bounded, no clock."""

import json
from http import HTTPStatus
from typing import Final

from streamtalk.orchestrator.llm.delta import Delta, parse_delta, reported_error, speakable
from streamtalk.orchestrator.llm.errors import (
    LlmAuthError,
    LlmContextError,
    LlmError,
    LlmGarbageError,
    LlmModelError,
    LlmRateLimitedError,
    LlmServerError,
    LlmUnreachableError,
)
from streamtalk.orchestrator.llm.thinking import ThinkFilter
from streamtalk.runtime.remote.sse import DONE, SseParser

MAX_ANSWER_BYTES: Final = 16 << 20
"""A stream longer than this is cut, whatever is in it; a token of text costs 300 bytes."""

MAX_GARBAGE_EVENTS: Final = 50
"""So many events without sense, and the stream is given up."""

RETRIED_STATUSES: Final = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
"""Answered so, the same request may succeed at the second try."""


class AnswerReader:
    """Reads the body of one answer; `is_over` says that no more is wanted.

    Text that came before an error is returned first; `check` then raises the error.
    """

    def __init__(self, *, content_type: str, think: ThinkFilter, max_chars: int) -> None:
        self._events = SseParser()
        self._is_whole = "json" in content_type
        self._is_page = "html" in content_type
        self._body = b""
        self._think = think
        self._chars_left = max_chars
        self._bytes_left = MAX_ANSWER_BYTES
        self._garbage = 0
        self._finish = ""
        self._failure: LlmError | None = None
        self.is_over = False
        self.was_cut = False
        """The answer was longer than we take."""

        self.has_spoken = False
        self.progressed = False
        """Whether the last bytes held a word, spoken or only thought."""

    def feed(self, chunk: bytes) -> str:
        """Text that may be spoken now."""
        self.progressed = False
        if self._is_page:
            self._failure = LlmGarbageError(
                "a web page came instead of an answer: llm.base_url must lead to the API (…/v1)"
            )
            self.is_over = True
            return ""
        self._bytes_left -= len(chunk)
        if self._bytes_left < 0:
            self.cut()
            return ""
        if self._is_whole:
            self._body += chunk
            return ""
        return self._read(self._events.feed(chunk))

    def finish(self) -> str:
        """The rest, when no more is to come; raises LlmError where that is no whole answer."""
        text = ""
        if self._is_whole:
            text = self._read([self._body.decode("utf-8", "replace")])
        elif not self.is_over:
            text = self._read(self._events.flush())
        text += self._speak(self._think.flush(complete=self._finish != "length"))
        self._failure = self._failure or self._missing()
        return text

    def check(self) -> None:
        """Raise what went wrong after the text that was returned last."""
        if self._failure is not None:
            raise self._failure

    def _missing(self) -> LlmError | None:
        if not self.has_spoken:
            return LlmGarbageError(
                "the language model answered without a word: try again, or take another model"
            )
        if not (self.is_over or self._is_whole):
            return LlmUnreachableError("the language model's server broke off in its answer")
        return None

    def _read(self, events: list[str]) -> str:
        text = ""
        for data in events:
            if self.is_over:
                break
            if data.strip() == DONE:
                self.is_over = True
                break
            try:
                text += self._apply(parse_delta(data))
            except LlmError as error:
                self._failure = error
                self.is_over = True
        return text

    def _apply(self, delta: Delta | None) -> str:
        if delta is None:
            self._count_garbage()
            return ""
        if delta.reasoning:
            self._think.decide_outside()
        self.progressed = self.progressed or delta.reasoning or bool(delta.text)
        if delta.finish:
            self._finish = delta.finish
            self.is_over = True
        return self._speak(self._think.feed(speakable(delta.text)))

    def _speak(self, text: str) -> str:
        if len(text) > self._chars_left:
            text = text[: self._chars_left]
            self.cut()
        self._chars_left -= len(text)
        self.has_spoken = self.has_spoken or bool(text.strip())
        return text

    def cut(self) -> None:
        """Want no more; what was read so far is the answer."""
        self.is_over = self.was_cut = True

    def _count_garbage(self) -> None:
        self._garbage += 1
        if self._garbage > MAX_GARBAGE_EVENTS:
            raise LlmGarbageError(
                "the stream is not that of a chat: is llm.base_url an OpenAI-compatible server?"
            )


def status_error(status: int, body: bytes, *, model: str, url: str) -> LlmError:
    """What an HTTP status other than 200 means, and what to do; prose of the server is left out."""
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return LlmAuthError(
            f"{url} refuses the key (HTTP {status}): set STREAMTALK_LLM_API_KEY to a valid one"
        )
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return LlmRateLimitedError(f"{url} limits its use (HTTP 429): wait, or check the plan")
    reported = _reported(body)
    if isinstance(reported, LlmContextError) or status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return LlmContextError(f"the conversation is longer than the context of {model}")
    if status == HTTPStatus.NOT_FOUND or isinstance(reported, LlmModelError):
        return LlmModelError(
            f"{url} does not know the model {model!r} (HTTP {status}): load it there, "
            "or set llm.model to one it has"
        )
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return LlmGarbageError(
            f"{url} leads elsewhere (HTTP {status}): set llm.base_url to the API"
        )
    return LlmServerError(f"{url} failed (HTTP {status}): see the log of the server")


def _reported(body: bytes) -> LlmError | None:
    try:
        return reported_error(json.loads(body))
    except (ValueError, RecursionError):
        return reported_error(body.decode("utf-8", "replace"))
