"""When the next recording begins, what the microphone hears meanwhile, and where speech lies."""

import msgspec
import numpy as np
import pytest

from streamtalk.cli.answered import is_answered, turns_of
from streamtalk.cli.report import build_report
from streamtalk.cli.seen_turns import SeenTurns
from streamtalk.cli.utterances import CAP_S, PATIENCE_S, SETTLE_S, Utterance, Utterances
from streamtalk.proto.conversation import Turn, Turns

pytestmark = pytest.mark.unit

SECOND = 16_000
FRAME = 320
QUIET = Turns(turns=[], idle=True)


def _utterance(name: str, samples: int = SECOND, level: int = 1_000) -> Utterance:
    return Utterance(name, np.full(samples, level, np.int16))


def _turn(number: int, begin: int, **changes: object) -> Turn:
    fields = {"turn": number, "state": "done", "speech_start": begin, **changes}
    return msgspec.convert(fields, Turn)


def _told(*turns: Turn, judged: int, idle: bool = True) -> Turns:
    return Turns(turns=list(turns), idle=idle, judged=judged)


def _heard(utterances: Utterances, begin: int, end: int, turns: Turns) -> np.ndarray:
    frames = [utterances.frame(position, turns) for position in range(begin, end, FRAME)]
    return np.frombuffer(b"".join(frames), np.int16)


def test_next_one_begins_when_the_last_was_answered() -> None:
    """Silence until then, however long the answer takes, and not a frame later."""
    utterances = Utterances([_utterance("a"), _utterance("b", level=2_000)])
    assert (_heard(utterances, 0, SECOND, QUIET) == 1_000).all()
    thinking = _told(_turn(1, 0, state="thinking"), judged=40 * SECOND, idle=False)
    assert not _heard(utterances, SECOND, 40 * SECOND, thinking).any()
    done = _told(_turn(1, 0), judged=40 * SECOND)
    assert (_heard(utterances, 40 * SECOND, 41 * SECOND, done) == 2_000).all()
    assert [(one.begin, one.answered) for one in utterances.said] == [
        (0, True),
        (40 * SECOND, False),
    ]


@pytest.mark.parametrize(
    "told",
    [
        _told(_turn(1, 0), judged=SECOND - 1),
        _told(_turn(1, 0), judged=2 * SECOND, idle=False),
        _told(_turn(1, 0, state="speaking"), judged=2 * SECOND),
        _told(judged=2 * SECOND),
    ],
    ids=["not judged", "somebody speaks", "not played", "no turn"],
)
def test_next_one_waits(told: Turns) -> None:
    """Old news, an answer that is being played, and a turn that is not there yet are no answer."""
    utterances = Utterances([_utterance("a"), _utterance("b")])
    _heard(utterances, 0, SECOND, told)
    assert not _heard(utterances, SECOND, 10 * SECOND, told).any()


def test_next_one_begins_in_the_end_when_nobody_answers() -> None:
    """After the patience of a person, counted from when something was last going on."""
    utterances = Utterances([_utterance("a"), _utterance("b")])
    _heard(utterances, 0, 5 * SECOND, QUIET)
    _heard(utterances, 5 * SECOND, 6 * SECOND, _told(judged=0, idle=False))
    at = 6 * SECOND - FRAME + int(PATIENCE_S * SECOND)
    assert not _heard(utterances, 6 * SECOND, at, QUIET).any()
    assert _heard(utterances, at, at + FRAME, QUIET).all()
    assert not utterances.said[0].answered


def test_next_one_begins_in_the_end_when_an_answer_never_ends() -> None:
    """An orchestrator that was never heard again is not waited for without end."""
    utterances = Utterances([_utterance("a"), _utterance("b")])
    stuck = _told(_turn(1, 0, state="speaking"), judged=SECOND, idle=False)
    at = SECOND + int(CAP_S * SECOND)
    _heard(utterances, 0, SECOND, stuck)
    assert not _heard(utterances, SECOND, at, stuck).any()
    assert _heard(utterances, at, at + FRAME, stuck).all()


def test_it_is_over_after_the_last_one() -> None:
    """A single file has some time to be committed, whether or not it was answered before."""
    utterances = Utterances([_utterance("a")])
    settled = SECOND + int(SETTLE_S * SECOND)
    done = _told(_turn(1, 0), judged=SECOND)
    assert not utterances.over(SECOND, done)
    assert utterances.over(settled, done)
    assert [one.answered for one in utterances.said] == [True]
    assert utterances.over(settled, _told(judged=SECOND))
    assert [one.answered for one in utterances.said] == [False]
    assert not utterances.over(settled, _told(judged=SECOND, idle=False))
    assert utterances.over(SECOND + int(CAP_S * SECOND), _told(judged=0, idle=False))


def test_it_is_not_over_while_files_are_left() -> None:
    """Whatever has become of the first."""
    utterances = Utterances([_utterance("a"), _utterance("b")])
    assert not utterances.over(2 * int(CAP_S) * SECOND, _told(_turn(1, 0), judged=SECOND))


def test_turn_belongs_to_what_it_was_made_of() -> None:
    """By its beginning, with what a VAD looks back, or because it went on into it."""
    turns = _told(
        _turn(1, 10_000, speech_end=30_000),
        _turn(2, 93_000),
        _turn(3, 50_000, speech_end=101_000),
        _turn(4, 116_000),
        msgspec.convert({"turn": 5, "state": "done"}, Turn),
        judged=200_000,
    )
    assert [turn.turn for turn in turns_of(turns, 100_000, 116_000)] == [2, 3]
    assert not is_answered(turns, 30_000, 40_000)
    assert is_answered(turns, 100_000, 116_000)


def test_turns_of_an_ended_orchestrator_are_kept() -> None:
    """With the times that only it knew; frames that were lost before are counted too."""
    seen = SeenTurns()
    played = _turn(1, 0, reply_start=30_000, frames=50)
    seen.take(Turns(turns=[played, _turn(2, 40_000, state="hearing")], idle=False))
    seen.take(Turns(turns=[played], idle=True, mic_frames_lost=3))
    seen.take(Turns(turns=[_turn(1, 0)], idle=True, mic_frames_lost=0))
    assert seen.joined.turns == [played]
    assert seen.joined.mic_frames_lost == 3
    later = _turn(2, 90_000, frames=10)
    seen.take(Turns(turns=[later], idle=True, judged=7, mic_frames_lost=1))
    assert seen.joined.turns == [played, later]
    assert (seen.joined.judged, seen.joined.mic_frames_lost) == (7, 4)


def _noisy_speech(level: float) -> np.ndarray:
    """One second of loud noise in the middle of three of quieter noise, 30 dB below."""
    noise = np.random.default_rng(3).normal(0.0, level, 3 * SECOND)
    noise[: SECOND // 2] /= 30.0
    noise[3 * SECOND // 2 :] /= 30.0
    return noise.astype(np.int16)


def test_speech_is_found_in_each_file_by_itself() -> None:
    """A loud file beside a soft one, and the silence between them, move nobody's end of speech."""
    said = [Utterance("a", _noisy_speech(9_000)), Utterance("b", _noisy_speech(300), 10 * SECOND)]
    turns = [
        _turn(number, begin, speech_end=begin + 3 * SECOND, committed=begin + 3 * SECOND)
        for number, begin in ((1, 0), (2, 10 * SECOND))
    ]
    found = build_report("s", said, Turns(turns=turns, idle=True))
    assert [turn["speech_start_s"] for turn in found["turns"]] == [0.5, 10.5]
    assert [turn["speech_end_s"] for turn in found["turns"]] == [1.5, 11.5]
    assert found["input_s"] == 13.0
    assert [one["begin_s"] for one in found["utterances"]] == [0.0, 10.0]
