"""What a new owner of a session makes of what the one before it left."""

import pytest

from streamtalk.client.sink import Sink
from streamtalk.orchestrator.heard import SpokenPiece
from streamtalk.orchestrator.history import TurnRow
from streamtalk.orchestrator.kept import KeptAnswer
from streamtalk.orchestrator.notices import NOTICES
from streamtalk.proto.frames import Speech
from streamtalk.proto.playback import Play
from streamtalk.proto.state import PlaybackState
from tests.orchestrator.room import Room

pytestmark = pytest.mark.unit

REPLY = "One two three four five."


def _row(**fields: object) -> TurnRow:
    row = {"session": "s", "turn": 4, "state": "thinking", "stream": "mic", "to_sample": 16_000}
    return TurnRow(**(row | fields))  # type: ignore[arg-type]


def _kept(turn: int = 4, prefix: str = "") -> KeptAnswer:
    piece = SpokenPiece(REPLY, 0, total_samples=50_000)
    return KeptAnswer(turn=turn, answer="old", prefix=prefix, pieces=[piece])


def _playing(room: Room, frames: int) -> Sink:
    """The sink plays the old owner's answer, and has come so far."""
    room.sink.obey(Play(session="s", term=1, answer="old"), 0)
    header = Speech(answer="old", piece=0, sample=0, total_samples=50_000)
    room.sink.accept(header, b"\0\x10" * 50_000)
    for _ in range(frames):
        room.sink.pull(0)
    return room.sink


def test_nothing_left_is_taken_up_quietly() -> None:
    """A session that was idle goes on listening where its last turn ended."""
    room = Room(first_turn=5)
    room.conversation.take_up(16_000, None, None)
    room.pass_ms(500)
    assert room.conversation.idle
    assert (room.world.thoughts, room.world.spoken) == ([], [])
    assert room.conversation.hearing.consumed == 16_000


def test_speech_that_was_being_heard_is_heard_again() -> None:
    """The open row gives way, and its number, to what the VAD will tell of the same speech."""
    room = Room(first_turn=5)
    room.conversation.take_up(0, _row(state="hearing"), None)
    assert room.world.forgotten == [4]
    room.ask("hello", "Hello.")
    room.wait_idle()
    assert [turn.turn for turn in room.conversation.report({}).turns] == [4]


def test_speech_of_a_microphone_that_is_gone_is_apologised_for() -> None:
    """Nobody can hear it again, so the person is told, in the turn that it began."""
    room = Room(first_turn=5)
    room.conversation.take_up(0, _row(state="hearing", stream="earlier"), None)
    room.wait_idle()
    (turn,) = room.conversation.report({}).turns
    assert (turn.turn, turn.error) == (4, "microphone_lost")
    assert turn.heard_text == NOTICES["microphone_lost"]["en"]
    assert room.world.recorded[-1] == (4, "done")


def test_question_without_an_answer_is_answered() -> None:
    """What the person had said is in the history, so nobody has to say it again."""
    room = Room(first_turn=5)
    room.world.replies.append("It is noon.")
    room.conversation.take_up(16_000, _row(user_text="what time is it"), None)
    room.wait_idle()
    (turn,) = room.conversation.report({}).turns
    assert (turn.turn, turn.heard_text, turn.state) == (4, "It is noon.", "done")
    assert room.world.recorded[-1] == (4, "done")


def test_answer_goes_on_behind_what_was_heard() -> None:
    """The sink tells how far it came; the rest is said, and nothing twice."""
    room = Room(first_turn=5)
    _playing(room, 50)
    row = _row(state="speaking", user_text="count", reply_text=REPLY)
    room.conversation.take_up(16_000, row, _kept())
    room.wait_idle()
    (turn,) = room.conversation.report({}).turns
    assert (turn.reply_text, turn.heard_text) == (REPLY, REPLY)
    assert REPLY.endswith(room.world.spoken[0].text)
    assert 0 < len(room.world.spoken[0].text) < len(REPLY)
    assert room.world.thoughts == []


def test_answer_that_was_all_heard_is_done() -> None:
    """It ended while nobody owned the session: there is nothing left to say."""
    room = Room(first_turn=5)
    sink = _playing(room, 105)
    assert sink.playing is not None
    sink.playing.count = 1
    sink.pull(0)
    row = _row(state="speaking", user_text="count", reply_text=REPLY)
    room.conversation.take_up(16_000, row, _kept())
    room.wait_idle()
    (turn,) = room.conversation.report({}).turns
    assert (turn.heard_text, turn.state) == (REPLY, "done")
    assert room.world.spoken == []


def test_sink_that_knows_nothing_hears_it_all() -> None:
    """The edge was lost together with the orchestrator: the reply is said from its beginning."""
    room = Room(first_turn=5)
    row = _row(state="speaking", user_text="count", reply_text=REPLY)
    room.conversation.take_up(16_000, row, _kept())
    room.wait_idle()
    assert room.world.spoken[0].text == REPLY


def test_second_crash_goes_on_from_the_second_answer() -> None:
    """What was heard before the first crash is neither said again nor lost from the text."""
    room = Room(first_turn=5)
    row = _row(state="speaking", user_text="count", reply_text="Zero. " + REPLY)
    _playing(room, 50)
    room.conversation.take_up(16_000, row, _kept(prefix="Zero. "))
    room.wait_idle()
    (turn,) = room.conversation.report({}).turns
    assert turn.heard_text == "Zero. " + REPLY
    assert not room.world.spoken[0].text.startswith("Zero")


HEARD = "One two three "
"""What 50 frames of the old answer hold of `REPLY`, by the lengths of its words."""


def _broken_off(text: str) -> KeptAnswer:
    piece = SpokenPiece(REPLY, 0, total_samples=50_000)
    return KeptAnswer(turn=4, answer="old", prefix="", pieces=[piece], text=text, complete=False)


def _think_on(room: Room, reply: str) -> str:
    """Take up an answer that was still being written; returns what is said then."""
    _playing(room, 50)
    room.world.replies.append(reply)
    row = _row(state="speaking", user_text="count")
    room.conversation.take_up(16_000, row, _broken_off(REPLY))
    room.wait_idle()
    assert len(room.world.thoughts) == 1
    (turn,) = room.conversation.report({}).turns
    assert (turn.reply_text, turn.state, turn.error) == (turn.heard_text, "done", None)
    assert turn.heard_text.startswith(HEARD)
    return turn.heard_text.removeprefix(HEARD)


def test_model_that_begins_anew_says_nothing_twice() -> None:
    """Killed while the model wrote: asked again, it writes the same, and only the rest is said."""
    room = Room(first_turn=5)
    assert _think_on(room, f"{REPLY} And six.") == "four five. And six."
    assert room.world.spoken[0].text.strip() == "four five."


def test_model_that_goes_on_is_heard_from_there() -> None:
    """Its words are the rest, whatever they are."""
    room = Room(first_turn=5)
    assert _think_on(room, "and so on.") == "and so on."


def test_model_that_has_no_more_to_say_ends_the_turn() -> None:
    """What was heard was all of it."""
    room = Room(first_turn=5)
    assert _think_on(room, HEARD) == ""
    assert room.world.spoken == []


def test_audio_of_the_turn_stays_consumed() -> None:
    """The range of the turn is written down again, so that a second crash does not hear it anew."""
    room = Room(first_turn=5)
    room.world.replies.append("It is noon.")
    row = _row(user_text="what time is it", from_sample=1_000)
    room.conversation.take_up(16_000, row, None)
    room.wait_idle()
    key = room.conversation.turns[0].key
    assert key is not None
    assert (key.stream, key.start, key.end) == ("mic", 1_000, 16_000)


def test_state_of_the_old_answer_changes_nothing() -> None:
    """States of an answer that this owner did not begin are not taken for its own."""
    room = Room(first_turn=5)
    state = PlaybackState(term=1, mic_sample=0, playing="old", ended="older")
    room.conversation.on_playback(state)
    assert room.conversation.idle


def test_finished_turns_of_this_opening_are_reported_again() -> None:
    """From the first turn of the microphone's stream on, the typed one between included."""
    room = Room(first_turn=5)
    told = {"state": "done", "user_text": "hi", "reply_text": "Hello you.", "heard_text": "Hello "}
    rows = [
        _row(turn=1, **told | {"stream": "earlier"}),
        _row(turn=2, from_sample=800, **told | {"interrupted": True, "stages_ms": {"asr": 3.0}}),
        _row(turn=3, **told | {"stream": "", "to_sample": 0}),
        _row(turn=4),
    ]
    room.conversation.turns.restore(rows, "mic")
    spoken, typed = room.conversation.report({}).turns
    assert (spoken.turn, spoken.speech_start, spoken.speech_end) == (2, 800, 16_000)
    assert (spoken.state, spoken.interrupted, spoken.stages_ms) == ("done", True, {"asr": 3.0})
    assert (spoken.user_text, spoken.reply_text) == ("hi", "Hello you.")
    assert spoken.heard_text == "Hello "
    assert (typed.turn, typed.speech_start, typed.heard_text) == (3, None, "Hello ")
    assert room.conversation.turns.next_number == 5


def test_restored_turn_that_nobody_heard_is_not_shown_as_heard() -> None:
    """The view counts what was played, and that was nothing."""
    room = Room(first_turn=5)
    row = _row(state="done", user_text="hi", reply_text="Hello.", error="not_ready")
    room.conversation.turns.restore([row], "mic")
    room.pass_ms(1_000)
    shown = room.world.states[-1]
    assert (shown.turn, shown.reply_text, shown.heard_chars) == (4, "Hello.", 0)
