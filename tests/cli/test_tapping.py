"""`tap` reads whatever is on the bus, known or not, and shows it on one safe line."""

import json

import msgpack
import numpy as np
import pytest

from streamtalk.cli import tap

pytestmark = pytest.mark.unit


def test_unknown_message_is_read_without_a_schema() -> None:
    """A field of next year's version is shown like any other."""
    header = msgpack.packb({"type": "next_year", "field": [1, 2]})
    row = json.loads(tap.as_json(tap.read([b"v9.new.thing.all.", header, b""]), 1.25))
    assert row == {
        "at_s": 1.25,
        "topic": "v9.new.thing.all",
        "header": {"type": "next_year", "field": [1, 2]},
    }


@pytest.mark.parametrize(
    "parts", [[b"t"], [b"t", b"\xc1"], [b"t", b"\x81"], [b"\xff", b"\x01", b"x"]]
)
def test_broken_message_is_shown_and_not_fatal(parts: list[bytes]) -> None:
    """Too few parts, no MessagePack, a topic that is not ASCII: one line each."""
    seen = tap.read(parts)
    assert "\n" not in tap.as_line(seen, 0.0)
    assert json.loads(tap.as_json(seen, 0.0))["topic"]


def test_terminal_is_safe_from_what_a_peer_sends() -> None:
    """Escape sequences of a peer are shown and not obeyed."""
    header = msgpack.packb({"text": "\x1b[2J\x9b31m"})
    line = tap.as_line(tap.read([b"v1.state.x.all.", header, b""]), 0.0)
    assert line.isprintable()


def test_level_of_audio_is_its_rms() -> None:
    """A sine of half the full scale has −9 dBFS."""
    sine = (16_384 * np.sin(np.arange(320) / 320 * 16 * np.pi)).astype(np.int16)
    seen = tap.read([b"v1.audio.mic.s.", msgpack.packb({}), sine.tobytes()])
    assert seen.level_db == pytest.approx(-9.0, abs=0.1)


@pytest.mark.parametrize(
    "text, expected",
    [("", b""), ("state", b"v1.state."), ("audio.mic", b"v1.audio.mic."), ("v1.au", b"v1.au")],
)
def test_topic_may_be_short(text: str, expected: bytes) -> None:
    """The version and the closing dot need not be typed."""
    assert expected == tap.prefix(text)
