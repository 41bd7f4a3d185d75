"""Who speaks, what is answered, and what happens when both speak at once."""

from itertools import pairwise

import pytest

from streamtalk.orchestrator.notices import NOTICES
from streamtalk.proto.errors import DeadlineError, EngineError, LanguageError
from streamtalk.proto.state import PLAIN_VOICE
from tests.orchestrator.room import Room, opening

pytestmark = pytest.mark.unit

LONG = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen."


def test_question_is_answered_and_heard() -> None:
    """A turn goes from speech over text and answer to what was heard, and ends."""
    room = Room()
    room.ask("what time is it", "It is noon.")
    room.wait_idle()
    turn = room.conversation.report({}).turns[0]
    assert (turn.turn, turn.state, turn.error, turn.interrupted) == (1, "done", None, False)
    assert (turn.user_text, turn.reply_text) == ("what time is it", "It is noon.")
    assert turn.heard_text == "It is noon."
    assert turn.speech_start is not None
    assert turn.committed is not None
    assert turn.reply_start is not None
    assert turn.speech_start < turn.committed < turn.reply_start
    assert set(turn.stages_ms) >= {"vad", "asr", "turn", "llm_first_text", "tts_first_audio"}


def test_recogniser_is_told_how_sure() -> None:
    """With the final alone: partials are not judged."""
    room = Room()
    room.peak = 0.8
    room.ask("what time is it", "It is noon.")
    room.wait_idle()
    assert {ask.voice for ask in room.world.transcribed if ask.final} == {0.8}
    assert {ask.voice for ask in room.world.transcribed if not ask.final} == {PLAIN_VOICE}


def test_turns_are_numbered_on() -> None:
    """Each question is the next turn, and its transcript does not reach into the one before."""
    room = Room(first_turn=5)
    for _ in range(3):
        room.ask("hello", "Hello.")
        room.wait_idle()
    assert [turn.turn for turn in room.conversation.report({}).turns] == [5, 6, 7]
    ranges = [(t.from_sample, t.to_sample) for t in room.world.transcribed if t.final]
    assert ranges == sorted(ranges)
    assert all(a[1] <= b[0] for a, b in pairwise(ranges))


def test_phases_are_published() -> None:
    """A view sees the person heard, the answer thought and said, and the end."""
    room = Room()
    room.pass_ms(600)
    room.ask("hello", "Hello there.")
    room.wait_idle()
    room.pass_ms(600)
    phases = [state.phase for state in room.world.states]
    seen = [phase for n, phase in enumerate(phases) if n == 0 or phases[n - 1] != phase]
    assert seen[-4:] == ["hearing", "thinking", "speaking", "listening"] or seen[-3:] == [
        "hearing",
        "speaking",
        "listening",
    ]


def test_person_cuts_in() -> None:
    """Speech of some length stops the answer; only the words that were played were heard."""
    room = Room()
    room.ask("tell me", LONG)
    room.pass_ms(3_000)
    assert room.plays() is not None
    room.ask("stop that", "All right.")
    room.wait_idle()
    first, second = room.conversation.report({}).turns
    assert first.interrupted
    assert LONG.startswith(first.heard_text)
    assert 3 <= len(first.heard_text.split()) <= 9
    assert (second.user_text, second.heard_text) == ("stop that", "All right.")


def test_cough_does_not_cut_in() -> None:
    """A sound too short for speech leaves the answer alone, and is no turn."""
    room = Room()
    room.ask("tell me", LONG)
    room.pass_ms(3_000)
    room.ask("", ms=100)
    room.wait_idle()
    (turn,) = room.conversation.report({}).turns
    assert (turn.interrupted, turn.heard_text) == (False, LONG)
    assert room.world.forgotten == [2]


def test_hasty_commit_is_taken_back() -> None:
    """Who goes on right after the commit has asked one question, and gets one answer."""
    room = Room()
    room.ask("what is the weather", "Sunny.")
    while not room.world.thoughts:
        room.pass_ms(20)
    room.world.hears.append("what is the weather in Paris")
    room.world.replies.append("Rainy.")
    room.begin()
    room.pass_ms(600)
    room.pause()
    room.wait_idle()
    (turn,) = room.conversation.report({}).turns
    assert (turn.user_text, turn.heard_text) == ("what is the weather in Paris", "Rainy.")
    finals = [t for t in room.world.transcribed if t.final]
    assert finals[-1].from_sample == finals[0].from_sample
    assert finals[-1].to_sample > finals[0].to_sample


def test_noise_is_no_turn() -> None:
    """A sound without words leaves no trace and takes no number."""
    room = Room()
    room.ask("")
    room.wait_idle()
    room.ask("hello", "Hello.")
    room.wait_idle()
    assert [turn.turn for turn in room.conversation.report({}).turns] == [1]
    assert room.world.forgotten == [1]


def test_number_of_a_dropped_turn_is_not_taken_from_a_later_one() -> None:
    """Typing while a noise is being heard: the next turn must not overwrite the typed one."""
    room = Room()
    room.world.replies.append("Typed back.")
    room.begin()
    room.conversation.typed("hello")
    room.pass_ms(200)
    room.pause()
    room.wait_idle()
    room.ask("and now", "Now.")
    room.wait_idle()
    numbers = [turn.turn for turn in room.conversation.report({}).turns]
    assert len(set(numbers)) == len(numbers) == 2
    assert room.world.forgotten == [1]


def test_unheard_speech_is_apologised_for() -> None:
    """Speech that nobody could transcribe is never met with silence."""
    room = Room()
    room.world.hears.append(EngineError("broken"))
    room.begin()
    room.pass_ms(500)
    room.pause()
    room.wait_idle()
    (turn,) = room.conversation.report({}).turns
    assert (turn.error, turn.heard_text) == ("engine", NOTICES["unheard"]["en"])


def test_unknown_language_is_said_once() -> None:
    """The first time it is said aloud; after that the speech is passed over."""
    room = Room()
    for _ in range(2):
        room.world.hears.append(LanguageError("zh"))
        room.begin()
        room.pass_ms(500)
        room.pause()
        room.wait_idle()
    (turn,) = room.conversation.report({}).turns
    assert turn.heard_text == NOTICES["language"]["en"]
    assert room.world.forgotten == [2]


def test_apology_in_mid_answer_ends_the_answer() -> None:
    """Speech over an answer that cannot be transcribed: both turns come to their end."""
    room = Room()
    room.ask("tell me", LONG)
    room.pass_ms(3_000)
    room.world.hears.append(EngineError("broken"))
    room.begin()
    room.pass_ms(200)
    room.pause()
    room.wait_idle()
    first, second = room.conversation.report({}).turns
    assert (first.state, first.interrupted, second.state) == ("done", True, "done")
    assert sorted(exchange.number for exchange in room.world.done) == [1, 2]


def test_failed_model_is_told() -> None:
    """Without an answer from the model, the person is told so."""
    room = Room()
    room.ask("hello", DeadlineError("slow"))
    room.wait_idle()
    (turn,) = room.conversation.report({}).turns
    assert (turn.error, turn.heard_text) == ("deadline", NOTICES["no_answer"]["en"])


def test_announcements_wait_for_their_turn() -> None:
    """Timers that are due while it speaks are said afterwards, each in a turn of its own."""
    room = Room()
    room.ask("hello", LONG)
    room.pass_ms(1_000)
    room.conversation.say("Your tea timer is done.")
    room.conversation.say("Your egg timer is done.")
    room.wait_idle()
    heard = [turn.heard_text for turn in room.conversation.report({}).turns]
    assert heard == [LONG, "Your tea timer is done.", "Your egg timer is done."]


def test_announcement_waits_while_the_person_speaks() -> None:
    """Nobody is interrupted by a timer."""
    room = Room()
    room.begin()
    room.conversation.say("Your tea timer is done.")
    room.pass_ms(500)
    assert room.world.spoken == []
    room.pause()
    room.wait_idle()
    assert [turn.heard_text for turn in room.conversation.report({}).turns] == [
        "Your tea timer is done."
    ]


def test_typed_text_is_answered_at_once() -> None:
    """A typed message cuts off what is being said."""
    room = Room()
    room.ask("tell me", LONG)
    room.pass_ms(3_000)
    room.world.replies.append("Typed back.")
    room.conversation.typed("hello")
    room.wait_idle()
    first, second = room.conversation.report({}).turns
    assert (first.interrupted, second.user_text) == (True, "hello")
    assert second.heard_text == "Typed back."


def test_voice_that_comes_late_is_waited_for() -> None:
    """With no voice for two seconds the answer is late, and whole."""
    room = Room()
    room.world.voice_there = False
    room.ask("hello", "Hello there.")
    room.pass_ms(2_000)
    room.world.voice_there = True
    room.wait_idle()
    (turn,) = room.conversation.report({}).turns
    assert (turn.error, turn.heard_text) == (None, "Hello there.")


def test_answer_goes_on_at_a_new_sink() -> None:
    """The edge was restarted in mid-answer: the rest is said, and no word is lost."""
    room = Room()
    room.ask("tell me", LONG)
    room.pass_ms(3_000)
    from_old = room.conversation.report({}).turns[0].reply_text
    room.world.sinks = {"sink-2": type(room.sink)()}
    room.conversation.renew(opening(sink="sink-2"))
    room.wait_idle()
    (turn,) = room.conversation.report({}).turns
    assert (turn.reply_text, turn.heard_text) == (from_old, LONG)
    assert len(room.world.spoken[-1].text) < len(LONG)


def test_answer_that_was_being_thought_goes_to_the_new_sink() -> None:
    """The edge was restarted before the first word: the question is still answered."""
    room = Room()
    room.ask("tell me")
    room.pass_ms(1_000)
    (thought,) = room.world.thoughts
    room.world.sinks = {"sink-2": type(room.sink)()}
    room.conversation.renew(opening(sink="sink-2"))
    thought.events.on_text("Here it is.")
    thought.events.on_end()
    room.wait_idle()
    (turn,) = room.conversation.report({}).turns
    assert turn.heard_text == "Here it is."
    assert not thought.cancelled


def test_answer_that_is_being_written_is_said_to_its_end_at_a_new_sink() -> None:
    """What the model writes after the edge was restarted follows what it wrote before."""
    room = Room()
    room.ask("tell me")
    room.pass_ms(500)
    (thought,) = room.world.thoughts
    thought.events.on_text("This is the first sentence. ")
    room.pass_ms(1_000)
    room.world.sinks = {"sink-2": type(room.sink)()}
    room.conversation.renew(opening(sink="sink-2"))
    room.pass_ms(500)
    thought.events.on_text("This is the second one.")
    thought.events.on_end()
    room.wait_idle()
    (turn,) = room.conversation.report({}).turns
    assert turn.heard_text == "This is the first sentence. This is the second one."
    assert (turn.error, turn.interrupted) == (None, False)


def test_interrupted_answer_does_not_begin_again_at_a_new_sink() -> None:
    """What was cut off stays cut off, though its last position was never acknowledged."""
    room = Room()
    room.ask("tell me", LONG)
    room.pass_ms(3_000)
    speaking = room.conversation.speaking
    assert speaking is not None
    room.world.sinks = {"sink-2": type(room.sink)()}
    speaking.stop(interrupted=True)
    room.conversation.renew(opening(sink="sink-2"))
    room.wait_idle()
    (turn,) = room.conversation.report({}).turns
    assert turn.interrupted
    assert turn.heard_text != LONG


def test_new_microphone_stream_in_mid_sentence_is_told() -> None:
    """What was being said is lost with the old stream, and the person is asked to repeat it."""
    room = Room()
    room.pass_ms(100)
    room.begin()
    room.pass_ms(300)
    room.new_stream()
    room.wait_idle()
    (turn,) = room.conversation.report({}).turns
    assert turn.error == "microphone_lost"
    assert turn.heard_text == NOTICES["microphone_lost"]["en"]
    room.ask("again", "Heard.")
    room.wait_idle()
    assert room.conversation.report({}).turns[-1].heard_text == "Heard."


def test_new_stream_is_attached_from_its_start() -> None:
    """Positions of the old stream mean nothing in the new one."""
    room = Room()
    room.ask("hello", "Hello.")
    room.wait_idle()
    room.new_stream()
    room.pass_ms(100)
    assert (room.world.attached[-1].stream, room.world.attached[-1].from_sample) == ("mic-2", 0)
    assert len({attach.lease for attach in room.world.attached}) == 2


def test_lost_vad_is_replaced_from_where_it_was() -> None:
    """Another instance judges again what the first one may not have finished."""
    room = Room()
    room.pass_ms(4_000)
    lease = room.world.attached[-1].lease
    room.conversation.lose("vad")
    room.pass_ms(40)
    again = room.world.attached[-1]
    assert again.lease != lease
    assert room.sample - 16_000 <= again.from_sample < room.sample


def test_superseded_owner_is_silent() -> None:
    """A sink that has obeyed a later owner plays nothing for this one, which lets go."""
    room = Room()
    room.sink.term = 9
    room.ask("hello", "Hello.")
    room.pass_ms(3_000)
    assert room.plays() is None
    assert room.world.let_go


def test_edge_that_is_not_heard_lets_the_session_expire() -> None:
    """The lease ends 15 s after the last sign, and each sign renews it."""
    room = Room()
    room.pass_ms(14_900)
    assert not room.conversation.expired
    room.conversation.renew(opening())
    room.pass_ms(14_900)
    assert not room.conversation.expired
    room.pass_ms(200)
    assert room.conversation.expired
