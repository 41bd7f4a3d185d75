"""Where another voice goes on: at a word that is certain, else at the beginning of the clause."""

import pytest

from streamtalk.orchestrator.answer import (
    Answer,
    AnswerAction,
    FinishAnswer,
    RetakeAnswer,
    SpeakPiece,
)
from streamtalk.proto.state import Frontier, PlaybackState
from streamtalk.proto.synthesis import Mark, Spoken

pytestmark = pytest.mark.unit

TEXT = "Hello there, my dear. One two three, four five six, seven eight nine. "


def _spoken(piece: int, total: int, marks: list[Mark], *, estimated: bool) -> Spoken:
    return Spoken(
        answer="a",
        piece=piece,
        total_samples=total,
        marks=marks,
        estimated=estimated,
        language="en",
        voice="v",
        first_audio_ms=1.0,
        compute_ms=1.0,
    )


def _begun(*, estimated: bool) -> tuple[Answer, list[AnswerAction]]:
    """An answer whose first piece was made; what it asks for next."""
    answer = Answer("a")
    answer.add_text(TEXT)
    answer.end_text()
    answer.asked(0, "voice")
    actions = answer.on_spoken(_spoken(0, 24_000, [Mark(sample=0, char=0)], estimated=estimated), 0)
    answer.asked(1, "voice")
    return answer, actions


def _play(answer: Answer, have: int, played: int, marks: list[Mark]) -> None:
    frontier = Frontier(
        answer="a",
        attempt=0,
        have_piece=1,
        have_sample=have,
        want_piece=9,
        want_sample=0,
        marks=marks,
    )
    state = PlaybackState(
        term=1, mic_sample=0, playing="a", piece=1, sample=played, held=[frontier]
    )
    answer.on_playback(state)


def test_voice_that_estimates_is_given_one_clause_at_a_time() -> None:
    """And the sink learns of the further piece; a voice that knows its words has groups."""
    _, exact = _begun(estimated=False)
    _, parted = _begun(estimated=True)
    (grouped,) = [a.text for a in exact if isinstance(a, SpeakPiece)]
    assert grouped.startswith("my dear. One two three, ")
    (asked,) = [a.text for a in parted if isinstance(a, SpeakPiece)]
    assert asked == "my dear. "
    assert [a for a in parted if isinstance(a, FinishAnswer)]
    assert not [a for a in exact if isinstance(a, FinishAnswer)]


def test_marks_that_came_with_the_audio_are_exact_before_the_piece_is_made() -> None:
    """The voice is lost in the middle of a piece: the audio ends at the last word that is there."""
    answer, _ = _begun(estimated=False)
    marks = [Mark(sample=1_000 * n, char=c) for n, c in enumerate((0, 3, 9, 13))]
    _play(answer, 3_500, 1_500, marks)
    (retake,) = answer.lose_voice("voice")
    assert retake == RetakeAnswer(1, 3_000, 1)
    text = answer.text[answer.pieces[1].start + 13 :]
    (speak,) = [a for a in answer.on_retaken(1, 3_000) if isinstance(a, SpeakPiece)]
    assert text.startswith(speak.text)


def test_sink_that_has_played_on_tells_where_it_is() -> None:
    """What comes with its answer counts: nothing is said again but the word that was cut."""
    answer, _ = _begun(estimated=False)
    _play(answer, 1_500, 1_200, [Mark(sample=0, char=0), Mark(sample=1_000, char=3)])
    answer.lose_voice("voice")
    later = [Mark(sample=1_000, char=3), Mark(sample=2_000, char=9)]
    (speak,) = [a for a in answer.on_retaken(1, 2_500, later) if isinstance(a, SpeakPiece)]
    assert answer.text[answer.pieces[1].start + 9 :].startswith(speak.text)


@pytest.mark.parametrize("have, played", [(9_000, 5_000), (5_000, 5_000), (100, 20)])
def test_piece_without_certain_marks_is_said_again_as_a_whole(have: int, played: int) -> None:
    """However long its words may be, none is skipped."""
    answer, actions = _begun(estimated=True)
    (asked,) = [a for a in actions if isinstance(a, SpeakPiece)]
    _play(answer, have, played, [])
    (retake,) = answer.lose_voice("voice")
    assert isinstance(retake, RetakeAnswer)
    (speak,) = [
        a for a in answer.on_retaken(retake.piece, retake.sample) if isinstance(a, SpeakPiece)
    ]
    assert speak.text == asked.text


def test_piece_that_was_not_begun_is_left_out_of_the_old_audio() -> None:
    """Its beginning is certain: the old audio ends there, and nothing is said twice."""
    answer, actions = _begun(estimated=True)
    (asked,) = [a for a in actions if isinstance(a, SpeakPiece)]
    frontier = Frontier(
        answer="a", attempt=0, have_piece=1, have_sample=700, want_piece=9, want_sample=0
    )
    answer.on_playback(
        PlaybackState(term=1, mic_sample=0, playing="a", sample=9_000, held=[frontier])
    )
    assert answer.lose_voice("voice") == [RetakeAnswer(1, 0, 1)]
    (speak,) = [a for a in answer.on_retaken(1, 0) if isinstance(a, SpeakPiece)]
    assert speak.text == asked.text
