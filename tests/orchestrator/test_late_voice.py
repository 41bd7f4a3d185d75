"""A voice that is late is left for another one; without any, a tone stands for the words."""

import pytest

from streamtalk.orchestrator.lateness import MAX_LEFT, STALE_STATES, Lateness, Owed, Pace
from streamtalk.proto.state import Frontier, PlaybackState
from tests.orchestrator.room import MS, Room

pytestmark = pytest.mark.unit

LONG = "One sentence comes first. " + "Then there are many more words to be said. " * 6


def _state(*, starved: bool = False, audible: bool = True) -> PlaybackState:
    return PlaybackState(
        term=1, mic_sample=0, playing="a", first_audible=1 if audible else None, starved=starved
    )


def _frontier(have: tuple[int, int], want: tuple[int, int] = (9, 0)) -> Frontier:
    return Frontier(
        answer="a",
        attempt=0,
        have_piece=have[0],
        have_sample=have[1],
        want_piece=want[0],
        want_sample=want[1],
    )


def test_starved_loudspeaker_waits_a_quarter_of_a_second() -> None:
    """Counted from when it ran dry; audio that comes begins the count anew."""
    lateness, owed = Lateness(), Owed("v", made=False, begun=True)
    lateness.asked(300.0, 0)
    lateness.on_playback(_state(), _frontier((0, 4_800)), owed, 100 * MS)
    assert lateness.due_ns(owed) is None
    lateness.on_playback(_state(starved=True), _frontier((0, 4_800)), owed, 200 * MS)
    lateness.on_playback(_state(starved=True), _frontier((0, 4_800)), owed, 300 * MS)
    assert lateness.due_ns(owed) == 450 * MS
    lateness.on_playback(_state(starved=True), _frontier((0, 9_600)), owed, 400 * MS)
    assert lateness.due_ns(owed) == 650 * MS


def test_first_audio_has_the_time_that_the_voice_is_used_to() -> None:
    """Twice what it took before and a quarter of a second; a new one has that of the slowest."""
    pace, lateness = Pace(), Lateness()
    assert pace.allowed_ms("v") == 2_000.0
    pace.learn("v", 400.0)
    assert pace.allowed_ms("v") == 1_050.0
    pace.learn("quick", 10.0)
    assert pace.allowed_ms("new") == 1_050.0
    owed = Owed("v", made=False, begun=False)
    lateness.asked(pace.allowed_ms("v"), 100 * MS)
    lateness.on_playback(_state(audible=False), _frontier((0, 0)), owed, 150 * MS)
    assert lateness.due_ns(owed) == 1_150 * MS


def test_audio_that_exists_and_does_not_arrive_is_late_before_the_sink_is_dry() -> None:
    """Four states that show the same hole: the voice is stuck."""
    lateness, owed = Lateness(), Owed("v", made=True, begun=True)
    for number in range(STALE_STATES + 1):
        assert lateness.due_ns(owed) is None
        lateness.on_playback(_state(), _frontier((0, 4_800)), owed, number * 100 * MS)
    assert lateness.due_ns(owed) == 0
    lateness.on_playback(_state(), _frontier((0, 4_800), (0, 4_800)), owed, 900 * MS)
    assert lateness.due_ns(owed) is None, "what is not wanted is not late"


def test_no_answer_wanders_for_ever() -> None:
    """After a few voices that were all late, the last one is waited for."""
    lateness, owed = Lateness(), Owed("v", made=False, begun=True)
    for _ in range(MAX_LEFT):
        lateness.on_playback(_state(starved=True), _frontier((0, 1)), owed, 0)
        assert lateness.due_ns(owed) is not None
        lateness.left(0)
    assert lateness.due_ns(owed) is None


def test_voice_that_never_begins_is_left_for_the_other_one() -> None:
    """The answer is whole, and the other voice is asked first from then on."""
    room = Room()
    room.world.voices, room.world.mute_voices = ["hung", "well"], {"hung"}
    room.ask("tell me", LONG)
    room.wait_idle()
    (turn,) = room.conversation.report({}).turns
    assert (turn.error, turn.heard_text) == (None, LONG)
    assert room.world.suspected == ["hung"]
    assert set(room.world.spoke[1:]) == {"well"}


def test_voice_that_stops_in_mid_answer_is_left_for_the_other_one() -> None:
    """What was played is not said again, and nothing is missing."""
    room = Room()
    room.ask("tell me", LONG)
    room.pass_ms(3_000)
    room.world.voices, room.world.mute_voices = ["voice", "well"], {"voice"}
    room.wait_idle()
    (turn,) = room.conversation.report({}).turns
    assert (turn.error, turn.heard_text) == (None, LONG)
    assert room.world.spoke[-1] == "well"


def test_only_voice_is_waited_for() -> None:
    """To ask it again would only lose what it has made so far."""
    room = Room()
    room.world.mute_voices = {"voice"}
    room.ask("tell me", LONG)
    room.pass_ms(5_000)
    assert (room.world.suspected, room.world.spoke) == ([], ["voice"])


def test_tone_stands_for_what_no_voice_can_say() -> None:
    """The text is there to be read, the turn says why, and nothing counts as heard."""
    room = Room()
    room.world.voice_there, room.world.long_away = False, True
    room.ask("tell me", LONG)
    room.wait_idle()
    (turn,) = room.conversation.report({}).turns
    assert (turn.reply_text, turn.heard_text, turn.error) == (LONG, "", "deadline")
    assert turn.frames == 10
    assert turn.reply_start is not None


def test_tone_ends_what_a_voice_had_begun() -> None:
    """The words that were said are heard; the conversation goes on."""
    room = Room()
    room.ask("tell me", LONG)
    room.pass_ms(1_500)
    room.world.voice_there = False
    room.conversation.lose("voice")
    room.wait_idle()
    room.world.voice_there = True
    room.ask("and now", "All is well.")
    room.wait_idle()
    first, second = room.conversation.report({}).turns
    assert first.heard_text
    assert LONG.startswith(first.heard_text)
    assert first.heard_text != LONG.strip()
    assert first.error == "deadline"
    assert (second.error, second.heard_text) == (None, "All is well.")


def test_text_is_thought_to_its_end_although_nobody_can_say_it() -> None:
    """The tone comes when there is nothing more to read."""
    room = Room()
    room.world.voice_there, room.world.long_away = False, True
    room.ask("tell me")
    room.pass_ms(600)
    thought = room.world.thoughts[0]
    thought.events.on_text("The first half, ")
    room.pass_ms(3_000)
    assert not thought.cancelled
    thought.events.on_text("and the second half.")
    thought.events.on_end()
    room.wait_idle()
    (turn,) = room.conversation.report({}).turns
    assert (turn.reply_text, turn.frames) == ("The first half, and the second half.", 10)
