"""Topics of the bus are built and read in exactly one form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.proto.errors import MalformedError
from streamtalk.proto.topics import (
    LANES,
    Topic,
    is_session_id,
    parse_topic,
    topic,
    topic_prefix,
)

pytestmark = pytest.mark.unit

SESSIONS = st.from_regex(r"[a-z0-9-]{1,64}", fullmatch=True)
NAMES = st.from_regex(r"[a-z_]{1,32}", fullmatch=True)


@given(st.sampled_from(LANES), NAMES, SESSIONS)
def test_topic_comes_back(lane: str, name: str, session: str) -> None:
    """What was built is read as the same parts."""
    assert Topic(lane, name, session) == parse_topic(topic(lane, name, session))


@given(SESSIONS, SESSIONS)
def test_topic_of_one_session_is_no_prefix_of_another(one: str, other: str) -> None:
    """A subscription to `s1` does not match `s10`."""
    matches = topic("state", "vad", other).startswith(topic("state", "vad", one))
    assert matches == (one == other)


def test_prefix_matches_every_session_of_one_kind() -> None:
    """One subscription gets a kind of message of all sessions, and no other kind."""
    prefix = topic_prefix("audio", "mic")
    assert topic("audio", "mic", "s1").startswith(prefix)
    assert not topic("audio", "mic_level", "s1").startswith(prefix)


@given(st.binary(max_size=100))
def test_random_bytes_are_refused(raw: bytes) -> None:
    """Bytes that are not exactly a topic raise MalformedError and nothing else."""
    try:
        parsed = parse_topic(raw)
    except MalformedError:
        return
    assert topic(*parsed) == raw


@pytest.mark.parametrize(
    "raw",
    [
        b"v1.audio.mic.s1",
        b"v2.audio.mic.s1.",
        b"v1.video.mic.s1.",
        b"v1.audio.mic.S1.",
        b"",
        b"....",
    ],
)
def test_almost_topic_is_refused(raw: bytes) -> None:
    """No closing dot, another version, another lane or a capital letter: refused."""
    with pytest.raises(MalformedError):
        parse_topic(raw)


@pytest.mark.parametrize("session", ["", "a" * 65, "a.b", "A", "a\n", "ä", "a b"])
def test_session_outside_the_alphabet_makes_no_topic(session: str) -> None:
    """A session id that could break the topic's form never gets onto the bus."""
    assert not is_session_id(session)
    with pytest.raises(MalformedError):
        topic("audio", "mic", session)
