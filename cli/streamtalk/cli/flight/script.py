"""What a recording says of each conversation: its openings, step by step, and every call."""

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from streamtalk.cli.flight.file import STOPPED, Recording
from streamtalk.proto.codec import decode, decode_as
from streamtalk.proto.errors import MessageError
from streamtalk.proto.message import Message
from streamtalk.proto.topics import parse_topic
from streamtalk.proto.trace import Traced, TraceOpened

_TRACED: Final = msgspec.msgpack.Decoder(Traced)
RESULTS: Final = frozenset({"reply", "error", "text", "end"})
ENTRIES: Final = frozenset(
    {"vad", "playback", "renew", "typed", "say", "lose", "look", "tick", "close", *RESULTS}
)
"""What enters a conversation; everything else is what it does of that."""


@dataclass(frozen=True)
class Step:
    """One row of the trace, and the message that it is about."""

    traced: Traced
    message: Message | None

    @property
    def what(self) -> str:
        """The kind of step."""
        return self.traced.what

    @property
    def at_ns(self) -> int:
        """When it was."""
        return self.traced.at_ns


@dataclass
class Call:
    """One call of the conversation, and all that came back."""

    number: int
    kind: str
    request: Message | None
    at_ns: int
    asked: str = ""
    """The endpoint that was asked; of `think`, the intent that was found."""

    results: list[Step] = field(default_factory=list)
    used: bool = False


@dataclass
class Part:
    """One conversation from a rest to its end, or to the end of the recording."""

    session: str
    opened: TraceOpened
    opened_ns: int
    steps: list[Step] = field(default_factory=list)
    lost: int = 0
    """Rows that the bus lost; what comes after the first of them is left out."""

    last_number: int = 0
    calls: dict[int, Call] = field(default_factory=dict)

    @property
    def ends_ns(self) -> int:
        """When the last thing entered."""
        return self.steps[-1].at_ns if self.steps else self.opened_ns

    def answers(self) -> dict[tuple[str, str], list[tuple[int, Any]]]:
        """(since when, answer) by question and what it is about, in order."""
        found: dict[tuple[str, str], list[tuple[int, Any]]] = {}
        for step in self.steps:
            if step.what == "answered":
                about, value = msgspec.json.decode(step.traced.text)
                found.setdefault((step.traced.kind, about), []).append((step.at_ns, value))
        return found


def parts_of(recording: Recording) -> list[Part]:
    """The conversations of a recording, in the order in which they began."""
    found: list[Part] = []
    current: dict[str, Part] = {}
    for row in recording.rows:
        try:
            name = parse_topic(row.topic)
            if name.lane != "trace":
                continue
            traced = decode_as(_TRACED, row.header)
            message = decode(row.payload) if row.payload else None
        except MessageError:
            continue
        if isinstance(message, TraceOpened):
            current[name.session] = Part(name.session, message, traced.at_ns)
            found.append(current[name.session])
        elif name.session in current:
            _take(current[name.session], Step(traced, message))
    whole = current.values() if recording.ended == STOPPED else ()
    for part in found:
        if not any(part is other for other in whole):
            _end_whole(part)
        _index(part)
    return found


def sessions_of(recording: Recording) -> set[str]:
    """Every session whose microphone was heard."""
    found = set()
    for topic in {row.topic for row in recording.rows}:
        try:
            name = parse_topic(topic)
        except MessageError:
            continue
        if (name.lane, name.name) == ("audio", "mic"):
            found.add(name.session)
    return found


def _take(part: Part, step: Step) -> None:
    part.lost += max(0, step.traced.number - part.last_number - 1)
    part.last_number = step.traced.number
    if not part.lost:
        part.steps.append(step)


def _end_whole(part: Part) -> None:
    """Drop the last entry, of which not all that it led to need be there."""
    last = next(
        (n for n in range(len(part.steps) - 1, -1, -1) if is_entry(part.steps[n])),
        0,
    )
    if not any(step.what == "close" for step in part.steps[last:]):
        del part.steps[last:]


def is_entry(step: Step) -> bool:
    """Whether something entered by itself, and not while another entry was dealt with."""
    return step.what in ENTRIES and not step.traced.within


def _index(part: Part) -> None:
    for step in part.steps:
        traced = step.traced
        if traced.what == "call":
            part.calls[traced.call] = Call(traced.call, traced.kind, step.message, traced.at_ns)
        elif traced.call in part.calls:
            call = part.calls[traced.call]
            if traced.what == "asked":
                call.asked = traced.text
            elif traced.what in RESULTS:
                call.results.append(step)
