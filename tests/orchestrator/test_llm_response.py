"""What the body of an answer amounts to, and what an HTTP status means."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from streamtalk.orchestrator.llm.response import AnswerReader, status_error
from streamtalk.orchestrator.llm.thinking import ThinkFilter

pytestmark = pytest.mark.unit

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "delta", "content", "text", "type", "finish_reason", "reasoning"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def reader(content_type: str = "text/event-stream", max_chars: int = 1_000) -> AnswerReader:
    """A reader of one answer."""
    return AnswerReader(content_type=content_type, think=ThinkFilter(), max_chars=max_chars)


def event(**delta: object) -> bytes:
    """One event of a stream."""
    return f"data: {json.dumps({'choices': [{'delta': delta}]})}\n\n".encode()


@given(JSON)
def test_delta_survives_any_json(value: object) -> None:
    """Whatever shape a server sends is a delta or none."""
    delta = parse_delta(json.dumps(value))
    assert delta is None or isinstance(delta.text, str)


@pytest.mark.parametrize("raw", ["", "{", "17", "null", "[" * 100_000, "9" * 5_000])
def test_delta_of_garbage_is_none(raw: str) -> None:
    """Broken, deep and huge JSON is no delta."""
    assert parse_delta(raw) is None


def test_delta_reads_content_parts() -> None:
    """Text in a list of parts counts; parts of thought do not."""
    parts = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Yes."}]
    raw = json.dumps({"choices": [{"delta": {"content": parts}, "finish_reason": "stop"}]})
    assert parse_delta(raw) == Delta(text="Yes.", finish="stop")


@given(st.text())
def test_speakable_text_has_no_control_characters(text: str) -> None:
    """What is left can be printed, encoded and spoken."""
    clean = speakable(text)
    clean.encode()
    assert not [c for c in clean if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0]


@pytest.mark.parametrize(
    "error, kind",
    [
        ({"code": "context_length_exceeded"}, LlmContextError),
        ({"message": "the request exceeds the available context size"}, LlmContextError),
        ("Trying to keep the first 900 tokens when context length is only 512", LlmContextError),
        ({"message": "model 'x' not found, try pulling it first"}, LlmModelError),
        ({"code": "insufficient_quota"}, LlmRateLimitedError),
        ({"message": ["odd"]}, LlmServerError),
    ],
)
def test_reported_errors_are_told_apart(error: object, kind: type[LlmError]) -> None:
    """The words of OpenAI, llama.cpp, LM Studio and Ollama are understood."""
    assert type(reported_error(error)) is kind


@pytest.mark.parametrize(
    "status, kind, hint",
    [
        (401, LlmAuthError, "STREAMTALK_LLM_API_KEY"),
        (403, LlmAuthError, "STREAMTALK_LLM_API_KEY"),
        (404, LlmModelError, "llm.model"),
        (429, LlmRateLimitedError, "wait"),
        (413, LlmContextError, "longer"),
        (302, LlmGarbageError, "llm.base_url"),
        (500, LlmServerError, "log"),
    ],
)
def test_status_errors_say_what_to_do(status: int, kind: type[LlmError], hint: str) -> None:
    """Each status has its class and its advice, and quotes nothing of the server's prose."""
    body = b'{"error": {"message": "you asked: SECRET"}}'
    error = status_error(status, body, model="m", url="http://x/v1")
    assert type(error) is kind
    assert hint in str(error)
    assert "SECRET" not in str(error)


def test_reader_gives_the_words_before_an_error() -> None:
    """An error inside the stream does not swallow what came with it."""
    answer = reader()
    assert answer.feed(event(content="Well, ") + b'data: {"error": "oom"}\n\n') == "Well, "
    with pytest.raises(LlmServerError):
        answer.check()


def test_reader_cuts_what_is_too_long() -> None:
    """The answer ends at the limit, to the character."""
    answer = reader(max_chars=7)
    assert answer.feed(event(content="12345") + event(content="67890")) == "1234567"
    assert answer.is_over
    assert answer.was_cut


def test_reader_refuses_a_web_page() -> None:
    """A login page is not read aloud."""
    answer = reader("text/html")
    assert answer.feed(b"<html>") == ""
    with pytest.raises(LlmGarbageError, match="base_url"):
        answer.check()


def test_reader_gives_up_on_events_without_sense() -> None:
    """A stream of nonsense ends before its end."""
    answer = reader()
    answer.feed(b"data: nonsense\n\n" * 100)
    with pytest.raises(LlmGarbageError, match="OpenAI-compatible"):
        answer.check()


def test_reader_tells_an_answer_without_a_word() -> None:
    """Silence is an error with a name."""
    answer = reader()
    answer.feed(b"data: [DONE]\n\n")
    answer.finish()
    with pytest.raises(LlmGarbageError, match="without a word"):
        answer.check()


def test_reader_tells_an_answer_that_broke_off() -> None:
    """A stream that just ends was not finished, though its words stand."""
    answer = reader()
    assert answer.feed(event(content="Half an")) == "Half an"
    assert answer.finish() == ""
    with pytest.raises(LlmUnreachableError):
        answer.check()


def test_reader_counts_reasoning_as_progress() -> None:
    """A model that thinks aloud is alive; empty deltas prove nothing."""
    answer = reader()
    answer.feed(event(reasoning_content="hm"))
    assert answer.progressed
    answer.feed(event(content=None))
    assert not answer.progressed


def test_reader_takes_an_answer_that_is_not_streamed() -> None:
    """A server that ignores `stream` is understood too."""
    answer = reader("application/json")
    body = json.dumps({"choices": [{"message": {"content": "Yes."}}]}).encode()
    assert answer.feed(body[:9]) + answer.feed(body[9:]) + answer.finish() == "Yes."
    answer.check()
