"""Conversations that are recorded while they are held, without a stack."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from streamtalk.cli.flight.file import STOPPED, FileWriter, Header, Row
from streamtalk.orchestrator.traced_conversation import TracedConversation
from streamtalk.proto.codec import encode
from streamtalk.proto.topics import topic
from streamtalk.proto.trace import Traced
from tests.orchestrator import room

LIMIT_BYTES = 1 << 24


def write_rows(path: Path, rows: list[Row], reason: str = STOPPED) -> Path:
    """A file with these rows, and why it ended."""
    writer = FileWriter(path, Header(version="test", started_ns=0), LIMIT_BYTES)
    for row in rows:
        writer.write(row)
    writer.end(rows[-1].at_ns if rows else 0, reason)
    return path


def trace_row(traced: Traced, payload: bytes) -> Row:
    """A row of the trace as the recorder receives it."""
    return Row(traced.at_ns, topic("trace", "call", "s"), encode(traced), payload)


def recorded(
    scene: Callable[[], None], monkeypatch: pytest.MonkeyPatch, *, at_once: bool = True
) -> list[list[Row]]:
    """Play a scene of a `Room`; the rows of each conversation in it.

    Recorded from the beginning, or else from when the scene wants its tape.
    """
    found: list[list[Row]] = []

    def begin(*arguments: Any) -> TracedConversation:  # noqa: ANN401
        rows: list[Row] = []
        found.append(rows)

        def keep(traced: Traced, payload: bytes) -> None:
            rows.append(trace_row(traced, payload))

        make: Any = TracedConversation
        conversation: TracedConversation = make(*arguments, keep)
        conversation.tape.want(wanted=at_once)
        return conversation

    monkeypatch.setattr(room, "Conversation", begin)
    scene()
    return found
