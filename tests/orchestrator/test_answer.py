"""One answer between splitter, voices and sink: what is asked for when, and what was heard."""

import pytest

from streamtalk.orchestrator.answer import (
    AHEAD_SAMPLES,
    Answer,
    AnswerAction,
    FinishAnswer,
    RetakeAnswer,
    SpeakPiece,
)
from streamtalk.proto.playback import Stopped
from streamtalk.proto.state import Frontier, PlaybackState
from streamtalk.proto.synthesis import Mark, Spoken

pytestmark = pytest.mark.unit

SENTENCES = "".join(f"This is sentence number {n}, and it ends here. " for n in range(12))
WORD = 1_000
VOICE = "ipc://voice"


def spoken(answer: Answer, number: int) -> Spoken:
    """The voice has made a piece: 1,000 samples to a word, each with its mark."""
    text = answer.pieces[number].text
    starts = [i for i, c in enumerate(text) if not c.isspace() and (not i or text[i - 1].isspace())]
    return Spoken(
        answer=answer.answer,
        piece=number,
        total_samples=WORD * len(starts),
        marks=[Mark(sample=WORD * i, char=at) for i, at in enumerate(starts)],
        language="en",
        voice="v",
        first_audio_ms=1.0,
        compute_ms=1.0,
    )


def playback(answer: Answer, played: tuple[int, int], have: tuple[int, int]) -> PlaybackState:
    """The sink's state."""
    frontier = Frontier(
        answer=answer.answer,
        attempt=answer.attempt,
        have_piece=have[0],
        have_sample=have[1],
        want_piece=have[0],
        want_sample=have[1] + 24_000,
    )
    return PlaybackState(
        term=1,
        mic_sample=0,
        playing=answer.answer,
        piece=played[0],
        sample=played[1],
        held=[frontier],
    )


def speaks(actions: list[AnswerAction]) -> list[int]:
    """Numbers of the pieces that are asked for."""
    return [action.number for action in actions if isinstance(action, SpeakPiece)]


def make(answer: Answer, actions: list[AnswerAction], limit: int = 99) -> list[AnswerAction]:
    """Let the voice make what it is asked for, up to piece `limit`."""
    everything = list(actions)
    while actions:
        first = next((a for a in actions if isinstance(a, SpeakPiece)), None)
        if first is None or first.number > limit:
            break
        answer.asked(first.number, VOICE)
        actions = answer.on_spoken(spoken(answer, first.number), answer.attempt)
        everything += actions
    return everything


def test_first_piece_is_asked_for_before_the_text_is_complete() -> None:
    """The first clause is on its way while the rest is being written."""
    answer = Answer("a")
    assert answer.add_text("Well ") == []
    assert answer.add_text("of course, ") == [SpeakPiece(0, "Well of course, ", 0)]
    assert answer.add_text("that is so.") == []


def test_pieces_are_asked_for_one_at_a_time() -> None:
    """The next is asked for when the last is made, and not while it is being asked for."""
    answer = Answer("a")
    assert speaks(answer.add_text(SENTENCES)) == [0]
    assert answer.end_text() == [FinishAnswer(len(answer.pieces))]
    assert answer.on_playback(playback(answer, (0, 0), (0, 0))) == []
    answer.asked(0, VOICE)
    assert speaks(answer.on_spoken(spoken(answer, 0), 0)) == [1]


def test_not_too_much_is_made_ahead() -> None:
    """A long answer is made as it is played, so that cutting in wastes little."""
    answer = Answer("a")
    asked = speaks(make(answer, answer.add_text(SENTENCES * 6)))
    totals = [piece.total_samples or 0 for piece in answer.pieces[: len(asked)]]
    assert sum(totals[:-1]) < AHEAD_SAMPLES <= sum(totals)
    behind = sum(totals) - AHEAD_SAMPLES
    just_enough = playback(answer, (0, behind), (len(asked), 0))
    assert speaks(answer.on_playback(just_enough)) == []
    one_less = playback(answer, (0, behind + 1), (len(asked), 0))
    assert speaks(answer.on_playback(one_less)) == [len(asked)]


def test_piece_that_found_no_voice_is_asked_for_again() -> None:
    """Nobody was there to say it: it stays the next one."""
    answer = Answer("a")
    answer.add_text("Well of course, ")
    assert speaks(answer.not_asked(0)) == [0]


def test_end_is_told_once() -> None:
    """The number of pieces goes to the sink when the text is complete, and only then."""
    answer = Answer("a")
    make(answer, answer.add_text("Well of course, that is so."))
    assert answer.end_text()[-1] == FinishAnswer(2)
    assert not [a for a in answer.end_text() if isinstance(a, FinishAnswer)]


def test_answer_without_anything_to_say_has_no_pieces() -> None:
    """Punctuation alone ends the answer at once."""
    answer = Answer("a")
    answer.add_text(" ... ")
    assert answer.end_text() == [FinishAnswer(0)]


def test_result_of_an_earlier_attempt_is_ignored() -> None:
    """What a lost voice still tells does not count for the piece of the new one."""
    answer = Answer("a")
    answer.add_text("Well of course, ")
    answer.asked(0, VOICE)
    old = spoken(answer, 0)
    answer.lose_voice(VOICE)
    answer.on_retaken(0, 0)
    assert answer.on_spoken(old, 0) == []
    assert answer.pieces[-1].total_samples is None


def test_voice_that_owes_nothing_may_go() -> None:
    """All that it made has reached the sink: nothing happens."""
    answer = Answer("a")
    make(answer, answer.add_text("Well of course, "))
    total = answer.pieces[0].total_samples
    assert total is not None
    answer.on_playback(playback(answer, (0, 0), (1, 0)))
    assert answer.lose_voice(VOICE) == []
    assert answer.lose_voice("ipc://stranger") == []


def test_lost_voice_is_replaced_at_a_word() -> None:
    """The audio is cut after the last whole word that the sink has, and the rest is said anew."""
    answer = Answer("a")
    make(answer, answer.add_text("One two three four five, "))
    answer.end_text()
    answer.on_playback(playback(answer, (0, 500), (0, 2_700)))
    assert answer.lose_voice(VOICE) == [RetakeAnswer(0, 2 * WORD, 1)]
    actions = answer.on_retaken(0, 2 * WORD)
    assert actions[0] == SpeakPiece(1, "three four five, ", 1)
    assert actions[1] == FinishAnswer(2)


def test_word_that_was_cut_is_said_again() -> None:
    """The sink had played into a word before it was told to cut: half a word is no word."""
    answer = Answer("a")
    make(answer, answer.add_text("One two three four five, "))
    answer.on_playback(playback(answer, (0, 500), (0, 2_700)))
    answer.lose_voice(VOICE)
    actions = answer.on_retaken(0, 2_400)
    assert actions[0] == SpeakPiece(1, "three four five, ", 1)


def test_nothing_is_asked_for_while_the_sink_is_being_told() -> None:
    """Between the loss and the cut the answer waits, and a second loss changes nothing."""
    answer = Answer("a")
    make(answer, answer.add_text("One two three four five, "))
    answer.lose_voice(VOICE)
    assert answer.add_text("And more of it. Really. ") == []
    assert answer.lose_voice(VOICE) == []
    assert answer.end_text() == []
    assert isinstance(answer.on_retaken(0, 0)[-1], FinishAnswer)


def test_second_loss_keeps_what_the_sink_has() -> None:
    """Right after a cut the sink has everything before it, though it has not said so yet."""
    answer = Answer("a")
    make(answer, answer.add_text("One two three four five, "))
    answer.on_playback(playback(answer, (0, 500), (0, 2_700)))
    answer.lose_voice(VOICE)
    answer.on_retaken(0, 2 * WORD)
    answer.asked(1, "ipc://second")
    assert answer.lose_voice("ipc://second") == [RetakeAnswer(0, 2 * WORD, 2)]


def test_heard_is_the_prefix_that_was_played() -> None:
    """Only words that were played to their end were heard."""
    answer = Answer("a")
    make(answer, answer.add_text("One two three four five, "))
    stopped = Stopped(answer="a", piece=0, sample=2_999, ended=False, mic_sample=0)
    assert answer.heard(stopped) == "One two"


def test_all_was_heard_when_it_ended() -> None:
    """The reply is heard to the character, its unspoken tail included."""
    answer = Answer("a")
    make(answer, answer.add_text("One two three four five, done! :-)"))
    answer.end_text()
    stopped = Stopped(answer="a", piece=9, sample=0, ended=True, mic_sample=0)
    assert answer.heard(stopped) == "One two three four five, done! :-)"


def test_voices_are_those_that_were_asked() -> None:
    """Whoever has to forget a cancelled answer."""
    answer = Answer("a")
    answer.add_text("Well of course, ")
    answer.asked(0, VOICE)
    assert answer.voices == {VOICE}
