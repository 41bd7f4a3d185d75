"""A session moves from one `vad` instance to another and hears everything once."""

import pytest

from tests.orchestrator.room import Room

pytestmark = pytest.mark.unit


def _endpoints(room: Room) -> list[str]:
    return list(room.world.following.values())


def test_session_moves_in_silence_as_soon_as_the_successor_has_caught_up() -> None:
    """Until then the old one is heard; then it is told that it follows no more."""
    room = Room()
    room.pass_ms(3_000)
    room.world.behind["vad-2"] = 16_000
    room.replace_vad("vad-2")
    assert _endpoints(room) == ["vad", "vad-2"]
    assert room.sample - 16_000 <= room.world.attached[-1].from_sample < room.sample
    assert room.conversation.attachment.judged == room.sample
    room.world.behind["vad-2"] = 0
    room.pass_ms(20)
    assert _endpoints(room) == ["vad-2"]
    assert room.conversation.attachment.judged == room.sample


def test_nobody_is_moved_in_mid_sentence() -> None:
    """The one who heard the beginning hears the end, and the question is answered once."""
    room = Room()
    room.world.hears.append("what is the time")
    room.world.replies.append("It is noon.")
    room.begin()
    room.replace_vad("vad-2")
    room.pass_ms(600)
    assert _endpoints(room) == ["vad", "vad-2"]
    room.pause()
    room.wait_idle()
    assert _endpoints(room) == ["vad-2"]
    assert [turn.heard_text for turn in room.conversation.report({}).turns] == ["It is noon."]


def test_monologue_is_taken_over_after_two_seconds() -> None:
    """The successor was given the whole utterance, which stays one turn from its first word on."""
    room = Room()
    room.begin()
    began = room.sample
    room.pass_ms(1_000)
    room.replace_vad("vad-2")
    assert room.world.attached[-1].from_sample <= began
    room.pass_ms(2_200)
    assert _endpoints(room) == ["vad-2"]
    room.world.hears.append("a long story")
    room.world.replies.append("I see.")
    room.pause()
    room.wait_idle()
    (turn,) = room.conversation.report({}).turns
    assert (turn.user_text, turn.heard_text) == ("a long story", "I see.")
    assert turn.speech_start is not None
    assert turn.speech_start <= began


def test_successor_that_dies_leaves_the_session_where_it_was() -> None:
    """The old one is still there; the next successor gets its chance."""
    room = Room()
    room.world.behind["vad-2"] = 16_000
    room.replace_vad("vad-2")
    room.world.following.popitem()
    room.conversation.lose("vad-2")
    room.world.vad = "vad"
    room.pass_ms(200)
    assert _endpoints(room) == ["vad"]
    room.replace_vad("vad-3")
    room.pass_ms(40)
    assert _endpoints(room) == ["vad-3"]


def test_old_instance_that_dies_while_the_successor_catches_up_is_replaced_at_once() -> None:
    """Nothing is waited for: a new lease begins where the old one was."""
    room = Room()
    room.pass_ms(1_000)
    room.world.behind["vad-2"] = 16_000
    room.replace_vad("vad-2")
    room.conversation.lose("vad")
    room.pass_ms(40)
    assert room.conversation.attachment.held
    assert _endpoints(room)[-1] == "vad-2"


def test_silent_instance_is_suspected() -> None:
    """Where another one is, the next lease goes there."""
    room = Room()
    room.pass_ms(200)
    room.world.following.clear()
    room.world.vad = "vad-2"
    room.pass_ms(1_200)
    assert room.world.suspected == ["vad"]
    assert _endpoints(room) == ["vad-2"]
