"""What a conversation tells of itself, and when it tells nothing."""

import inspect
from typing import Any

import msgspec
import pytest

from streamtalk.cli.flight.file import Row
from streamtalk.orchestrator.config import OrchestratorConfig
from streamtalk.orchestrator.conversation import Conversation
from streamtalk.orchestrator.llm.config import LlmConfig
from streamtalk.orchestrator.traced_conversation import TracedConversation
from streamtalk.orchestrator.traces import Traces
from streamtalk.proto.trace import Trace, Traced, TraceOpened
from tests.flight.scenes import recorded
from tests.orchestrator import room, test_conversation

pytestmark = pytest.mark.unit

TRACED = msgspec.msgpack.Decoder(Traced)
OPENED = msgspec.msgpack.Decoder(TraceOpened)


class TapedRoom:
    """A room whose conversation can be recorded or not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.told: list[tuple[Traced, bytes]] = []
        made: list[TracedConversation] = []

        def keep(traced: Traced, payload: bytes) -> None:
            self.told.append((traced, payload))

        def begin(*arguments: Any) -> TracedConversation:  # noqa: ANN401
            make: Any = TracedConversation
            made.append(make(*arguments, keep))
            return made[0]

        monkeypatch.setattr(room, "Conversation", begin)
        self.room = room.Room()
        (self.conversation,) = made

    def whats(self) -> list[str]:
        """The kinds of what was told."""
        return [traced.what for traced, _ in self.told]


def test_nothing_is_told_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a recorder not a word leaves the conversation."""
    taped = TapedRoom(monkeypatch)
    taped.room.ask("hello", "Hello.")
    taped.room.wait_idle()
    assert taped.told == []


def test_tape_begins_at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn that is under way is not told in part: the next one is, with its number."""
    taped = TapedRoom(monkeypatch)
    taped.room.begin()
    taped.conversation.tape.want(wanted=True)
    taped.room.pass_ms(300)
    assert taped.told == []
    taped.room.world.hears.append("hello")
    taped.room.world.replies.append("Hello.")
    taped.room.pause()
    taped.room.wait_idle()
    taped.room.pass_ms(40)
    assert taped.whats()[0] == "opened"
    opened = OPENED.decode(taped.told[0][1])
    assert opened.next_turn == 2
    assert opened.consumed > 0


def test_tape_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """When nobody wants it any more, nothing more is told."""
    taped = TapedRoom(monkeypatch)
    taped.conversation.tape.want(wanted=True)
    taped.room.pass_ms(100)
    count = len(taped.told)
    assert count > 0
    taped.conversation.tape.want(wanted=False)
    taped.room.ask("hello", "Hello.")
    taped.room.wait_idle()
    assert len(taped.told) == count


def test_one_entry_has_one_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever an entry leads to is told with its time, and every number comes once."""
    (rows,) = recorded(test_conversation.test_person_cuts_in, monkeypatch)
    steps = [TRACED.decode(row.header) for row in rows]
    assert [step.number for step in steps] == list(range(len(steps)))
    entry_ns = 0
    for step in steps:
        if not step.within and step.what not in ("call", "asked", "turn"):
            entry_ns = step.at_ns
        if step.within:
            assert step.at_ns == entry_ns


def test_tick_without_effect_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each tick that is told asked for something: what follows it happened within it."""
    (rows,) = recorded(test_conversation.test_question_is_answered_and_heard, monkeypatch)
    steps = [TRACED.decode(row.header) for row in rows]
    ticks = [number for number, step in enumerate(steps) if step.what == "tick"]
    assert ticks
    assert all(steps[number + 1].within for number in ticks)


def test_settings_that_are_told_hold_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses and keys of a language model are in no recording."""
    secret = OrchestratorConfig(llm=LlmConfig(base_url="http://a:secret@b.example"))
    monkeypatch.setattr(room, "OrchestratorConfig", lambda: secret)
    (rows,) = recorded(test_conversation.test_noise_is_no_turn, monkeypatch)
    assert not any(holds(row, b"secret") for row in rows)
    assert holds(rows[0], b"max_silence_ms")


def holds(row: Row, text: bytes) -> bool:
    """Whether it stands anywhere in a row."""
    return text in row.header or text in row.payload


def test_lease_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A recorder that was killed is not told anything for long."""
    taped = TapedRoom(monkeypatch)
    traces = Traces()
    traces.renew(Trace(session="", lease_ms=5_000), 0)
    traces.apply([taped.conversation], 4_999_999_999)
    wanted = [taped.conversation.tape.wanted]
    traces.apply([taped.conversation], 5_000_000_000)
    wanted.append(taped.conversation.tape.wanted)
    assert wanted == [True, False]
    assert not traces


def test_only_the_named_session_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who records one session hears nothing of the others."""
    taped = TapedRoom(monkeypatch)
    traces = Traces()
    traces.renew(Trace(session="another", lease_ms=5_000), 0)
    traces.apply([taped.conversation], 1)
    wanted = [taped.conversation.tape.wanted]
    traces.renew(Trace(session="s", lease_ms=5_000), 1)
    traces.apply([taped.conversation], 2)
    wanted.append(taped.conversation.tape.wanted)
    assert wanted == [False, True]


def test_words_of_a_traced_reply_are_what_was_thought(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text of an answer is told as it came, in its pieces."""
    (rows,) = recorded(
        test_conversation.test_answer_that_is_being_written_is_said_to_its_end_at_a_new_sink,
        monkeypatch,
    )
    steps = [TRACED.decode(row.header) for row in rows]
    texts = [step.text for step in steps if step.what == "text"]
    assert texts == ["This is the first sentence. ", "This is the second one."]


def test_every_door_of_a_conversation_is_told() -> None:
    """A method by which something enters, and which the tape does not hear, would spoil replays."""
    views = {"report"}
    doors = {
        name
        for name, value in vars(Conversation).items()
        if inspect.isfunction(value) and not name.startswith("_")
    }
    at_opening = {"take_up"}
    assert doors - views - at_opening == {
        name for name in doors if name in vars(TracedConversation)
    }
