"""Errors keep their code and their meaning across the wire."""

import pytest

from streamtalk.proto import errors
from streamtalk.proto.codec import decode, encode, refusal
from streamtalk.proto.errors import (
    OverloadedError,
    StreamTalkError,
    _tree,
    error_from_code,
)
from streamtalk.proto.message import Refusal

pytestmark = pytest.mark.unit

KINDS = [kind for kind in _tree(StreamTalkError) if kind.__module__.startswith("streamtalk.proto")]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.code))
def test_error_survives_the_wire(kind: type[StreamTalkError]) -> None:
    """Code, text and retryability arrive, and the same class is raised at the other end."""
    received = decode(encode(refusal(kind("no room; close a session"))))
    assert isinstance(received, Refusal)
    rebuilt = error_from_code(received.code, received.message)
    assert type(rebuilt) is kind
    assert str(rebuilt) == "no room; close a session"
    assert received.retryable == kind.retryable


def test_codes_are_unique() -> None:
    """No two errors share a code, so a code names one class."""
    codes = [kind.code for kind in KINDS]
    assert sorted(set(codes)) == sorted(codes)


def test_unknown_code_becomes_the_root() -> None:
    """A newer peer's error is still an error, with its text."""
    error = error_from_code("invented_later", "the moon is in the way")
    assert type(error) is StreamTalkError
    assert str(error) == "the moon is in the way"


def test_endless_message_is_cut() -> None:
    """An engine that fails with a novel does not fill the wire with it."""
    assert len(refusal(OverloadedError("x" * 100_000)).message) == 2_000


def test_tree_is_drawn_in_full() -> None:
    """The tree in the module's docstring names each class."""
    drawn = errors.__doc__ or ""
    assert [kind.__name__ for kind in KINDS if kind.__name__ not in drawn] == []
