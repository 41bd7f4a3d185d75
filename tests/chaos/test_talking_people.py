"""People who say one utterance after another, and what their utterances come to."""

import pytest

from streamtalk.cli.chaos.account import account, fate, gap_ms
from streamtalk.cli.chaos.script import CLAUSE_FRAMES, REPLY_FRAMES
from streamtalk.cli.chaos.soak import first_and_last, outside
from streamtalk.cli.chaos.talker import BARGE_FRAMES, PATIENCE_FRAMES, Said, Talker
from streamtalk.proto.conversation import Turn, Turns

pytestmark = pytest.mark.unit

_MS = 1_000_000
FRAME_NS = 20 * _MS


NOTHING = Turns(turns=[], idle=True)


class Room:
    """Frame after frame with a talker, who is told of every turn by an orchestrator."""

    def __init__(self, talker: Talker, reply_frames: int) -> None:
        self.talker = talker
        self.reply_frames = reply_frames
        self.loud: list[bool] = []

    def run(self, frames: int) -> list[Said]:
        """So many frames; each utterance is answered one frame after its end."""
        left, answer, began = 0, 0, 0
        turns: list[Turn] = []
        for number in range(frames):
            playing = f"a{answer}" if left else None
            told = Turns(turns=turns, idle=not left, judged=number * 320)
            loud = self.talker.frame(number * FRAME_NS, number * 320, playing, told)
            if loud and left:
                left = 0
            spoke = bool(self.loud) and self.loud[-1]
            began = number * 320 if loud and not spoke else began
            ended = spoke and not loud
            self.loud.append(loud)
            if ended:
                left, answer = self.reply_frames, answer + 1
                if left:
                    turns = [*turns, Turn(turn=answer, state="done", speech_start=began)]
            if left:
                self.talker.played(number * FRAME_NS, f"a{answer}")
                left -= 1
        return self.talker.done


def _said(frames: int = REPLY_FRAMES, **changes: object) -> Said:
    played = [(100 + 20 * number) * _MS for number in range(frames)]
    fields = {"session": "s", "number": 1, "ended_ns": 50 * _MS, "played_ns": played, **changes}
    return Said(**fields)  # type: ignore[arg-type]


def test_talker_waits_for_the_end_of_each_reply() -> None:
    """Every utterance has its own reply, whole, and nobody speaks over one."""
    found = Room(Talker("s", 1, barge_share=0.0), 40).run(2_000)
    assert len(found) > 5
    assert {len(said.played_ns) for said in found} == {40}
    assert [said.number for said in found] == list(range(1, len(found) + 1))
    assert all(said.begin_sample < said.end_sample for said in found)


def test_talker_says_the_same_for_the_same_seed() -> None:
    """And something else for another one, or for another session."""
    rooms = [Room(Talker(s, seed, 0.3), 80) for s, seed in (("s", 1), ("s", 1), ("s", 2), ("t", 1))]
    for room in rooms:
        room.run(1_500)
    assert rooms[0].loud == rooms[1].loud
    assert rooms[0].loud != rooms[2].loud
    assert rooms[0].loud != rooms[3].loud


def test_barging_talker_speaks_over_the_reply() -> None:
    """After a second of it; the rest of that reply is not taken for the next one's."""
    found = Room(Talker("s", 1, barge_share=1.0), 100).run(1_500)
    assert found
    assert all(said.cut for said in found)
    assert all(0 <= len(said.played_ns) - BARGE_FRAMES <= 2 for said in found)


def test_talker_gives_up_an_utterance_that_nobody_answers() -> None:
    """It is reported, and the next one is said."""
    (first, *_) = Room(Talker("s", 1, barge_share=0.0), 0).run(PATIENCE_FRAMES + 500)
    assert first.given_up
    assert fate(first) == "lost"


def test_fate_is_told_where_there_was_an_error() -> None:
    """An apology that was heard is no answer."""
    assert fate(_said()) == "answered"
    assert fate(_said(errors=["peer_lost"])) == "told"
    assert fate(_said(frames=0, errors=["peer_lost"])) == "told"
    assert fate(_said(frames=0)) == "lost"


def test_gap_is_the_longest_pause_beyond_a_frame() -> None:
    """Frames 20 ms apart have none; a reply of one frame has none either."""
    assert gap_ms([0, FRAME_NS, 2 * FRAME_NS]) == 0
    assert gap_ms([0, FRAME_NS, 321 * _MS, 341 * _MS]) == pytest.approx(281)
    assert gap_ms([5]) == gap_ms([]) == 0


def test_account_finds_what_was_said_twice_or_not_at_all() -> None:
    """Cut replies and apologies have no length to be compared with."""
    said = [
        _said(REPLY_FRAMES + 10),
        _said(REPLY_FRAMES - CLAUSE_FRAMES),
        _said(10, cut=True),
        _said(10, errors=["overloaded"]),
        _said(0),
    ]
    found = account(said)
    assert (found.turns, found.told, found.lost) == (5, 1, 1)
    assert (found.repeated_ms, found.missing_ms) == (200, 400)
    assert found.first_audio_ms == (50.0, 50.0, 50.0)


def test_turns_outside_faults_meet_none_of_them() -> None:
    """One that began before a fault and ended after it is inside."""
    before = Said(session="s", number=1, began_ns=0, ended_ns=5)
    across = Said(session="s", number=2, began_ns=8, ended_ns=12)
    after = Said(session="s", number=3, began_ns=30, ended_ns=35)
    assert outside([before, across, after], [(10, 20)]) == [before, after]


def test_first_and_last_quarter_are_compared() -> None:
    """Later replies show; without replies there is nothing to compare."""
    slow = [_said(ended_ns=0) for _ in range(4)]
    assert first_and_last([*[_said() for _ in range(4)], *slow]) == [50, 100]
    assert first_and_last([_said()]) is None


def test_what_is_played_while_somebody_speaks_is_no_answer_to_it() -> None:
    """A reply that is taken up in the middle of an utterance does not end the wait for its own."""
    talker, number, told = Talker("s", 1, barge_share=0.0), 0, NOTHING

    def frame(playing: str | None) -> bool:
        nonlocal number
        number += 1
        return talker.frame(number * FRAME_NS, number * 320, playing, told)

    while not frame(None):
        pass
    for _ in range(8):
        talker.played(number * FRAME_NS, "the rest of an earlier reply")
        assert frame("the rest of an earlier reply")
    while frame(None):
        pass
    for _ in range(50):
        frame(None)
    assert talker.done == []
    for _ in range(40):
        talker.played(number * FRAME_NS, "its own")
        frame("its own")
    mine = Turn(turn=2, state="done", speech_start=talker._said.begin_sample)
    told = Turns(turns=[mine], idle=True, judged=number * 320)
    frame(None)
    (said,) = talker.done
    assert len(said.played_ns) == 40


def test_talker_does_not_take_a_pause_for_the_end() -> None:
    """A voice that stalls for seconds in its reply is waited for: the turn is not over."""
    talker, number = Talker("s", 1, barge_share=0.0), 0
    told = NOTHING

    def frame(playing: str | None) -> bool:
        nonlocal number
        number += 1
        return talker.frame(number * FRAME_NS, number * 320, playing, told)

    while not talker.waits:
        frame(None)
    begin = talker._said.begin_sample
    told = Turns(turns=[Turn(turn=1, state="speaking", speech_start=begin)], idle=False)
    talker.played(number * FRAME_NS, "a")
    for _ in range(PATIENCE_FRAMES - 1):
        frame(None)
    assert talker.done == []
    talker.played(number * FRAME_NS, "a")
    over = Turn(turn=1, state="done", speech_start=begin)
    told = Turns(turns=[over], idle=True, judged=number * 320)
    frame(None)
    (said,) = talker.done
    assert (len(said.played_ns), said.given_up) == (2, False)
