"""Server-sent events, however the bytes are cut and whatever is in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.runtime.remote.sse import MAX_EVENT_BYTES, SseParser

pytestmark = pytest.mark.unit


def parse(*chunks: bytes) -> list[str]:
    """All events of a stream that came in these chunks and ended."""
    parser = SseParser()
    events = [event for chunk in chunks for event in parser.feed(chunk)]
    return [*events, *parser.flush()]


@given(
    st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))),
    st.data(),
)
def test_parser_gives_the_same_events_at_any_cut(texts: list[str], data: st.DataObject) -> None:
    """Bytes cut within a character, a line end or a field name change nothing."""
    raw = "".join(f"data: {text}\r\n\r\n" for text in texts).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=8)))
    chunks = [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    assert texts == parse(*chunks)


@given(st.lists(st.binary(max_size=300)))
def test_parser_survives_random_bytes(chunks: list[bytes]) -> None:
    """Noise gives events or none, never an exception."""
    assert all(isinstance(event, str) for event in parse(*chunks))


def test_parser_joins_the_lines_of_one_event() -> None:
    """Several `data` lines are one event; comments, names and ids are none."""
    raw = b": hello\nevent: x\nid: 7\ndata: one\ndata:two\n\n: only a comment\n\n"
    assert parse(raw) == ["one\ntwo"]


def test_parser_gives_an_event_that_the_end_cut_off() -> None:
    """A server that forgets the last empty line is understood."""
    assert parse(b"data: [DONE]") == ["[DONE]"]


def test_parser_drops_an_event_that_is_too_long_and_goes_on() -> None:
    """A line of a megabyte costs itself only, and is not held in memory."""
    parser = SseParser()
    events = parser.feed(b"data: before\n\ndata: ")
    for _ in range(1024):
        events += parser.feed(b"A" * 1024)
        assert len(parser._tail) <= MAX_EVENT_BYTES + 1024
    events += parser.feed(b"\n\ndata: after\n\n")
    assert events == ["before", "after"]
    assert parser.dropped == 1


def test_parser_drops_an_event_of_endless_lines() -> None:
    """An event that grows by short lines is bounded like one long line."""
    parser = SseParser()
    assert parser.feed(b"data: AAAAAAAAAAAAAAAA\n" * (MAX_EVENT_BYTES // 16 + 1)) == []
    assert parser.dropped == 1
