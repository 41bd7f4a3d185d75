"""A reply that was half heard is asked for again: what comes through is the rest."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.orchestrator.continuing import Continuing
from streamtalk.orchestrator.llm.errors import LlmTimeoutError
from streamtalk.proto.errors import StreamTalkError

pytestmark = pytest.mark.unit


class Heard:
    """What came through."""

    def __init__(self) -> None:
        self.text = ""
        self.end: str | None = None

    def on_text(self, delta: str) -> None:
        """More of it."""
        assert delta
        self.text += delta

    def on_end(self) -> None:
        """All of it."""
        self.end = "whole"

    def on_failed(self, error: StreamTalkError) -> None:
        """No more of it."""
        self.end = error.code


def passed(said: str, reply: str, cuts: list[int]) -> str:
    """What comes through of a reply that is cut there."""
    heard = Heard()
    continuing = Continuing(said, heard)
    places = sorted({0, len(reply), *(cut % (len(reply) + 1) for cut in cuts)})
    for begin, end in pairwise(places):
        continuing.on_text(reply[begin:end])
    continuing.on_end()
    assert heard.end == "whole"
    return heard.text


@given(st.text("ab ", max_size=8), st.text("ab ", max_size=8), st.lists(st.integers(0, 20)))
def test_only_a_whole_repetition_is_left_out(said: str, reply: str, cuts: list[int]) -> None:
    """Wherever the reply is cut: the rest behind what was said, or all of another reply."""
    if reply.startswith(said):
        expected = reply.removeprefix(said)
    elif said.startswith(reply):
        expected = ""
    else:
        expected = reply
    assert passed(said, reply, cuts) == expected


def test_failure_comes_through() -> None:
    """Whoever waits hears of it."""
    heard = Heard()
    Continuing("one two", heard).on_failed(LlmTimeoutError("no answer"))
    assert heard.end == LlmTimeoutError.code
