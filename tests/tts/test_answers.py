"""What is sent of an answer, what is sent again, and when it is forgotten."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.client.sink import Sink
from streamtalk.proto.errors import OverloadedError, SessionError
from streamtalk.proto.playback import Finish, Hold, Play
from streamtalk.proto.state import Frontier
from streamtalk.proto.synthesis import Speak, Spoken
from streamtalk.tts.answers import Answers
from streamtalk.tts.pieces import KeptPiece, Parcel

pytestmark = pytest.mark.unit

SECOND_NS = 1_000_000_000


def order(piece: int = 0, credit: int = 0, attempt: int = 0, answer: str = "a") -> Speak:
    """An order of session `s`."""
    return Speak(
        session="s",
        answer=answer,
        piece=piece,
        text="word",
        credit_samples=credit,
        attempt=attempt,
    )


def spoken(piece: KeptPiece) -> Spoken:
    """The reply to an order."""
    return Spoken(
        answer=piece.order.answer,
        piece=piece.number,
        total_samples=piece.made,
        language="en",
        voice="v",
        first_audio_ms=0.0,
        compute_ms=0.0,
    )


def frontier(
    have: tuple[int, int], want: tuple[int, int] = (0, 24_000), attempt: int = 0, answer: str = "a"
) -> Frontier:
    """What a sink says of an answer."""
    return Frontier(
        answer=answer,
        attempt=attempt,
        have_piece=have[0],
        have_sample=have[1],
        want_piece=want[0],
        want_sample=want[1],
    )


def audio(samples: int, seed: int = 0) -> bytes:
    """PCM that differs from place to place."""
    return random.Random(seed).randbytes(samples * 2)


def kept() -> Answers:
    """An empty store of 1 MB that waits 60 s."""
    return Answers(1 << 20, 60 * SECOND_NS)


def positions(parcels: list[Parcel]) -> list[tuple[int, int, int, int | None]]:
    """(piece, sample, length, total) of each message."""
    return [(h.piece, h.sample, len(pcm) // 2, h.total_samples) for h, pcm in parcels]


def test_answers_send_whole_frames_up_to_the_credit() -> None:
    """Without a word of the sink, no more goes out than the caller's credit, in whole frames."""
    answers = kept()
    piece = answers.begin(order(credit=6_000), 0)
    piece.add(audio(10_000))
    assert positions(answers.take("s", "a", 0)) == [(0, 0, 4_800, None), (0, 4_800, 960, None)]
    assert answers.take("s", "a", 0) == []


def test_answers_send_further_as_far_as_the_sink_wants() -> None:
    """A sink's frontier moves the end of what may be sent."""
    answers = kept()
    answers.begin(order(credit=480), 0).add(audio(10_000))
    answers.take("s", "a", 0)
    assert answers.hear("s", [frontier((0, 480), (0, 1_440))], 0) == []
    assert positions(answers.take("s", "a", 0)) == [(0, 480, 960, None)]


def test_answers_close_a_piece_with_its_total_and_a_short_frame() -> None:
    """The last message carries the total, and what is no whole frame."""
    answers = kept()
    piece = answers.begin(order(credit=9_999), 0)
    piece.add(audio(700))
    assert positions(answers.take("s", "a", 0)) == [(0, 0, 480, None)]
    piece.finish(spoken(piece))
    assert positions(answers.take("s", "a", 0)) == [(0, 480, 220, 700)]
    assert answers.take("s", "a", 0) == []


def test_answers_close_a_piece_whose_audio_is_gone_already() -> None:
    """When the end is learnt after the last frame, a message without audio tells the total."""
    answers = kept()
    piece = answers.begin(order(credit=9_999), 0)
    piece.add(audio(480))
    answers.take("s", "a", 0)
    piece.finish(spoken(piece))
    assert positions(answers.take("s", "a", 0)) == [(0, 480, 0, 480)]


def test_answers_tell_of_a_piece_without_sound() -> None:
    """A piece that holds nothing to say is one message with a total of zero."""
    answers = kept()
    piece = answers.begin(order(), 0)
    piece.finish(spoken(piece))
    assert positions(answers.take("s", "a", 0)) == [(0, 0, 0, 0)]


def test_answers_keep_pieces_in_order() -> None:
    """A piece that is ready early waits for the end of the one before it."""
    answers = kept()
    first, second = answers.begin(order(0, 9_999), 0), answers.begin(order(1, 9_999), 0)
    second.add(audio(480))
    assert answers.take("s", "a", 0) == []
    first.add(audio(100))
    first.finish(spoken(first))
    assert positions(answers.take("s", "a", 0)) == [(0, 0, 100, 100), (1, 0, 480, None)]


def test_answers_go_back_when_two_states_show_a_loss() -> None:
    """What was sent before a state, and is missing in two further ones, is sent again."""
    answers = kept()
    answers.begin(order(credit=4_800), 0).add(audio(4_800))
    answers.take("s", "a", 0)
    for _ in range(2):
        answers.hear("s", [frontier((0, 960))], 0)
        assert answers.take("s", "a", 0) == []
    answers.hear("s", [frontier((0, 960))], 0)
    assert positions(answers.take("s", "a", 0)) == [(0, 960, 3_840, None)]


def test_answers_do_not_go_back_while_the_sink_catches_up() -> None:
    """A `have` that moves from state to state is no loss."""
    answers = kept()
    answers.begin(order(credit=4_800), 0).add(audio(4_800))
    answers.take("s", "a", 0)
    for have in range(0, 4_800, 480):
        answers.hear("s", [frontier((0, have))], 0)
        assert answers.take("s", "a", 0) == []


def test_answers_send_a_lost_total_again() -> None:
    """A sink that has every sample but not the end gets the closing message once more."""
    answers = kept()
    piece = answers.begin(order(credit=4_800), 0)
    piece.add(audio(500))
    piece.finish(spoken(piece))
    answers.take("s", "a", 0)
    for _ in range(3):
        answers.hear("s", [frontier((0, 480))], 0)
    assert positions(answers.take("s", "a", 0)) == [(0, 480, 20, 500)]


def test_answers_are_dropped_when_the_sink_drops_them() -> None:
    """An answer that a sink named once and names no more is done with; one never named is not."""
    answers = kept()
    answers.begin(order(), 0)
    assert answers.hear("s", [], 0) == []
    assert answers.hear("s", [frontier((0, 0))], 0) == []
    assert answers.hear("s", [], 0) == ["a"]


def test_answers_are_dropped_when_taken_up_elsewhere() -> None:
    """A sink that expects a higher attempt has no use for this one."""
    answers = kept()
    answers.begin(order(), 0)
    assert answers.hear("s", [frontier((0, 0), attempt=1)], 0) == ["a"]


def test_answers_ignore_a_state_from_before_a_retake() -> None:
    """What a sink wanted of an older attempt says nothing about the new one."""
    answers = kept()
    answers.begin(order(piece=3, attempt=2), 0).add(audio(960))
    assert answers.hear("s", [frontier((3, 0), (9, 0), attempt=1)], 0) == []
    assert answers.take("s", "a", 0) == []


def test_answers_refuse_a_superseded_attempt() -> None:
    """An order that comes after its answer was taken up anew is refused."""
    answers = kept()
    answers.begin(order(attempt=2), 0)
    assert answers.is_newer(order(attempt=3))
    with pytest.raises(SessionError, match="superseded"):
        answers.begin(order(attempt=1), 0)


def test_answers_expire_without_a_sign_of_the_sink() -> None:
    """Only an answer that no sink has named for the whole patience is given up."""
    answers = kept()
    answers.begin(order(answer="a"), 0)
    answers.begin(order(answer="b"), 0)
    answers.hear("s", [frontier((0, 0), answer="b")], 50 * SECOND_NS)
    assert answers.expired(60 * SECOND_NS) == []
    assert answers.expired(61 * SECOND_NS) == [("s", "a")]


def test_answers_make_room_only_of_what_was_sent() -> None:
    """Audio that nobody asked for gives way to new orders; audio that waits for a sink does not."""
    answers = Answers(limit_bytes=1_000, patience_ns=SECOND_NS)
    sent = answers.begin(order(credit=9_999, answer="sent"), 0)
    sent.add(audio(1_000))
    sent.finish(spoken(sent))
    answers.take("s", "sent", 0)
    answers.begin(order(answer="waits"), 0).add(audio(1_000))
    assert [name for name, _ in answers.of("s")] == ["waits"]
    with pytest.raises(OverloadedError, match="cancel"):
        answers.begin(order(answer="new"), 0)


def test_answers_release_what_the_sink_has() -> None:
    """A piece that has arrived whole takes no memory any more, but its order is still known."""
    answers = kept()
    piece = answers.begin(order(credit=9_999), 0)
    piece.add(audio(480))
    piece.finish(spoken(piece))
    answers.take("s", "a", 0)
    answers.hear("s", [frontier((1, 0), (1, 24_000))], 0)
    assert answers.kept_bytes == 0
    assert answers.find(order(credit=9_999)) is piece


@given(
    frames=st.lists(st.integers(0, 6), max_size=4),
    last=st.integers(0, 3_000),
    loss=st.floats(0, 0.7),
    seed=st.integers(0, 1 << 30),
)
def test_answers_reach_a_sink_through_any_loss(
    frames: list[int], last: int, loss: float, seed: int
) -> None:
    """Whatever messages are lost, the loudspeaker plays every sample once, and in order."""
    dice, answers, sink = random.Random(seed), kept(), Sink()
    # Whole frames but at the end: a starved sink fills up a frame of which only a part is there.
    lengths = [*(count * 480 for count in frames), last]
    for call in (Hold, Play):
        sink.obey(call(session="s", term=1, answer="a"), 0)
    sink.obey(Finish(session="s", term=1, answer="a", pieces=len(lengths)), 0)
    said = [audio(length, seed + number) for number, length in enumerate(lengths)]
    for number, pcm in enumerate(said):
        piece = answers.begin(order(number, credit=2_400), 0)
        piece.add(pcm)
        piece.finish(spoken(piece))
    played = bytearray()
    for _ in range(600):
        for header, pcm in answers.take("s", "a", 0):
            if dice.random() >= loss:
                sink.accept(header, pcm)
        played += sink.pull(0) or b""
        if sink.ended:
            break
        answers.hear("s", sink.state(0).held, 0)
    expected = b"".join(said)
    assert sink.ended == "a"
    assert bytes(played[: len(expected)]) == expected
    assert not any(played[len(expected) :])
