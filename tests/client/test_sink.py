"""What the sink of a session plays, keeps, wants and tells."""

import pytest

from streamtalk.client.sink import CREDIT_SAMPLES, MAX_HELD, Sink
from streamtalk.proto.audio import SPEECH_FRAME_BYTES, SPEECH_FRAME_SAMPLES
from streamtalk.proto.errors import SessionError, UnknownMessageError
from streamtalk.proto.frames import Speech
from streamtalk.proto.message import Ok
from streamtalk.proto.playback import (
    Finish,
    Hold,
    Play,
    Retake,
    Retaken,
    SinkRequest,
    Stop,
    Stopped,
)

pytestmark = pytest.mark.unit

FRAME = SPEECH_FRAME_SAMPLES


def pcm(samples: int, level: int = 1_000) -> bytes:
    """A constant level."""
    return level.to_bytes(2, "little", signed=True) * samples


def play(sink: Sink, answer: str = "a", term: int = 1) -> None:
    """Tell the sink to play."""
    assert sink.obey(Play(session="s", term=term, answer=answer), 0) == Ok()


def finish(sink: Sink, pieces: int, answer: str = "a") -> None:
    """Tell the sink how many pieces there are."""
    sink.obey(Finish(session="s", term=1, answer=answer, pieces=pieces), 0)


def stop(sink: Sink, answer: str = "a", mic_sample: int = 0) -> Stopped:
    """Stop an answer and return what the sink tells of it."""
    reply = sink.obey(Stop(session="s", term=1, answer=answer), mic_sample)
    assert isinstance(reply, Stopped)
    return reply


def send(
    sink: Sink,
    piece: int,
    sample: int,
    audio: bytes,
    total: int | None = None,
    answer: str = "a",
    attempt: int = 0,
) -> None:
    """A speech message arrives."""
    header = Speech(answer=answer, piece=piece, sample=sample, attempt=attempt, total_samples=total)
    sink.accept(header, audio)


def retake(sink: Sink, piece: int, sample: int, attempt: int = 1) -> tuple[int, int]:
    """Ask for a retake and return where it goes on."""
    request = Retake(session="s", term=1, answer="a", piece=piece, sample=sample, attempt=attempt)
    reply = sink.obey(request, 0)
    assert isinstance(reply, Retaken)
    return reply.piece, reply.sample


def test_pieces_are_joined_without_a_gap() -> None:
    """A frame that begins in one piece ends in the next."""
    sink = Sink()
    play(sink)
    send(sink, 0, 0, pcm(FRAME + 100, 1), total=FRAME + 100)
    send(sink, 1, 0, pcm(FRAME, 2), total=FRAME)
    assert sink.pull(0) == pcm(FRAME, 1)
    assert sink.pull(0) == pcm(100, 1) + pcm(FRAME - 100, 2)


def test_end_of_a_piece_is_padded_when_the_next_is_missing() -> None:
    """What is there is played at once, filled up with silence."""
    sink = Sink()
    play(sink)
    send(sink, 0, 0, pcm(100, 1), total=100)
    assert sink.pull(0) == pcm(100, 1) + bytes(SPEECH_FRAME_BYTES - 200)
    assert sink.pull(0) is None


def test_message_that_leaves_a_hole_does_not_hold_up_the_piece_before() -> None:
    """A later part of the next piece, not its beginning, changes nothing."""
    sink = Sink()
    play(sink)
    send(sink, 0, 0, pcm(100, 1), total=100)
    send(sink, 1, 960, pcm(FRAME, 2))
    assert sink.pull(0) == pcm(100, 1) + bytes(SPEECH_FRAME_BYTES - 200)


def test_part_of_a_frame_waits_for_the_rest() -> None:
    """In the middle of a piece nothing is torn: the frame is played when it is whole."""
    sink = Sink()
    play(sink)
    send(sink, 0, 0, pcm(FRAME + 1))
    assert sink.pull(0) is not None
    assert sink.pull(0) is None
    send(sink, 0, FRAME + 1, pcm(FRAME - 1))
    assert sink.pull(0) == pcm(FRAME)


def test_nothing_is_played_before_it_is_told() -> None:
    """A candidate's audio is kept and not heard."""
    sink = Sink()
    sink.obey(Hold(session="s", term=1, answer="a"), 0)
    send(sink, 0, 0, pcm(FRAME), total=FRAME)
    assert sink.pull(0) is None
    play(sink)
    assert sink.pull(0) == pcm(FRAME)


def test_audio_of_an_unknown_answer_is_dropped() -> None:
    """Whoever was not announced is not heard, and takes no memory."""
    sink = Sink()
    send(sink, 0, 0, pcm(FRAME), answer="stranger")
    assert sink.state(0).held == []


def test_oldest_candidate_gives_way() -> None:
    """The number of candidates is bounded, and the one that plays is never given up."""
    sink = Sink()
    play(sink, "playing")
    for number in range(MAX_HELD + 2):
        sink.obey(Hold(session="s", term=1, answer=f"c{number}"), 0)
    held = [frontier.answer for frontier in sink.state(0).held]
    assert held == ["playing", f"c{MAX_HELD - 1}", f"c{MAX_HELD}", f"c{MAX_HELD + 1}"]


def test_playing_another_answer_stops_the_first() -> None:
    """Only one is heard, and how far the first came is still told."""
    sink = Sink()
    play(sink, "a")
    send(sink, 0, 0, pcm(4 * FRAME))
    sink.pull(0)
    play(sink, "b")
    assert sink.state(0).playing == "b"
    assert stop(sink, "a").sample == FRAME


def test_answer_ends_when_all_its_pieces_are_played() -> None:
    """The end is shown in the state, and the result tells all of it was heard."""
    sink = Sink()
    play(sink)
    send(sink, 0, 0, pcm(FRAME), total=FRAME)
    finish(sink, 1)
    sink.pull(160)
    state = sink.state(320)
    assert (state.playing, state.ended) == (None, "a")
    assert stop(sink).ended


@pytest.mark.parametrize("order", ["finish first", "audio first"])
def test_last_piece_may_be_empty(order: str) -> None:
    """A piece without a sample is passed over, whenever the sink hears of it."""
    sink = Sink()
    play(sink)
    send(sink, 0, 0, pcm(FRAME), total=FRAME)
    if order == "finish first":
        finish(sink, 2)
    sink.pull(0)
    send(sink, 1, 0, b"", total=0)
    finish(sink, 2)
    sink.pull(0)
    sink.pull(0)
    assert sink.state(0).ended == "a"


def test_answer_without_pieces_ends_at_once() -> None:
    """Nothing to say is said quickly."""
    sink = Sink()
    play(sink)
    finish(sink, 0)
    assert sink.pull(0) is None
    assert sink.state(0).ended == "a"


def test_stop_asked_again_tells_the_same() -> None:
    """The acknowledged position does not depend on how often it is asked for."""
    sink = Sink()
    play(sink)
    send(sink, 0, 0, pcm(10 * FRAME))
    for mic_sample in (320, 640):
        sink.pull(mic_sample)
    first = stop(sink, mic_sample=700)
    assert (first.piece, first.sample, first.frames, first.mic_sample) == (0, 2 * FRAME, 2, 640)
    assert stop(sink, mic_sample=9_999) == first


def test_stop_of_an_unknown_answer_tells_nothing_was_played() -> None:
    """An owner after a crash may ask for an answer that this sink never heard of."""
    stopped = stop(Sink(), "never", mic_sample=77)
    assert (stopped.piece, stopped.sample, stopped.ended, stopped.mic_sample) == (0, 0, False, 77)


def test_answer_that_is_over_never_begins_again() -> None:
    """A late order about it changes neither the state nor what is told of it."""
    sink = Sink()
    play(sink)
    send(sink, 0, 0, pcm(FRAME), total=FRAME)
    finish(sink, 1)
    sink.pull(0)
    play(sink)
    finish(sink, 3)
    with pytest.raises(SessionError, match="is over"):
        retake(sink, 0, 0)
    assert sink.state(0).held == []
    assert stop(sink).ended


def test_lower_term_is_refused() -> None:
    """An owner that was stopped and woke up again cannot speak."""
    sink = Sink()
    play(sink, "a", term=3)
    with pytest.raises(SessionError, match="term 2 is over"):
        sink.obey(Play(session="s", term=2, answer="b"), 0)
    assert sink.state(0).playing == "a"
    play(sink, "b", term=4)
    assert (sink.state(0).playing, sink.state(0).term) == ("b", 4)


def test_order_that_no_sink_knows_is_refused() -> None:
    """A new kind of order is named in the refusal."""
    with pytest.raises(UnknownMessageError, match="SinkRequest"):
        Sink().obey(SinkRequest(session="s", term=1, answer="a"), 0)


def test_frontier_tells_what_is_there_and_what_is_wanted() -> None:
    """One second ahead of the playing position is wanted, across pieces."""
    sink = Sink()
    play(sink)
    send(sink, 0, 0, pcm(10 * FRAME), total=10 * FRAME)
    send(sink, 1, 0, pcm(2 * FRAME))
    sink.pull(0)
    frontier = sink.state(0).held[0]
    assert (frontier.have_piece, frontier.have_sample) == (1, 2 * FRAME)
    assert (frontier.want_piece, frontier.want_sample) == (1, CREDIT_SAMPLES - 9 * FRAME)


def test_candidate_wants_one_second() -> None:
    """What is not played yet is made no further than the credit."""
    sink = Sink()
    sink.obey(Hold(session="s", term=1, answer="a"), 0)
    frontier = sink.state(0).held[0]
    assert (frontier.want_piece, frontier.want_sample) == (0, CREDIT_SAMPLES)


def test_retake_ends_the_old_audio_and_takes_the_new() -> None:
    """Behind the cut, only frames of the new attempt are heard."""
    sink = Sink()
    play(sink)
    send(sink, 0, 0, pcm(4 * FRAME, 1))
    assert retake(sink, 0, 2 * FRAME) == (0, 2 * FRAME)
    send(sink, 1, 0, pcm(FRAME, 7), total=FRAME)
    send(sink, 0, 4 * FRAME, pcm(FRAME, 8))
    send(sink, 1, 0, pcm(FRAME, 2), total=FRAME, attempt=1)
    finish(sink, 2)
    heard = [sink.pull(0) for _ in range(4)]
    assert heard == [pcm(FRAME, 1), pcm(FRAME, 1), pcm(FRAME, 2), None]
    assert sink.state(0).ended == "a"


def test_retake_never_takes_back_what_was_played() -> None:
    """A cut that comes too late is moved to the playing position, and the reply says so."""
    sink = Sink()
    play(sink)
    send(sink, 0, 0, pcm(4 * FRAME))
    for _ in range(3):
        sink.pull(0)
    assert retake(sink, 0, FRAME) == (0, 3 * FRAME)


def test_retake_forgets_how_many_pieces_there_are() -> None:
    """The number of pieces changes with the cut, so it has to be told anew."""
    sink = Sink()
    play(sink)
    send(sink, 0, 0, pcm(FRAME), total=FRAME)
    finish(sink, 2)
    retake(sink, 0, FRAME)
    sink.pull(0)
    sink.pull(0)
    assert sink.state(0).ended is None
    finish(sink, 1)
    sink.pull(0)
    assert sink.state(0).ended == "a"


def test_starving_is_counted_once_per_gap() -> None:
    """Every frame that came too late counts, and every interruption of the playing."""
    sink = Sink()
    play(sink)
    sink.pull(0)
    send(sink, 0, 0, pcm(FRAME))
    sink.pull(0)
    sink.pull(0)
    sink.pull(0)
    assert sink.state(0).starved
    send(sink, 0, FRAME, pcm(FRAME))
    sink.pull(0)
    stopped = stop(sink)
    assert (stopped.late_frames, stopped.gaps, stopped.frames) == (2, 1, 2)


def test_first_audible_sample_is_noted() -> None:
    """Silence at the beginning is not what the person waits for."""
    sink = Sink()
    play(sink)
    send(sink, 0, 0, bytes(SPEECH_FRAME_BYTES) + pcm(FRAME, -2_000))
    sink.pull(320)
    assert sink.state(0).first_audible is None
    sink.pull(640)
    assert stop(sink).first_audible == 640


def test_half_a_sample_is_not_taken() -> None:
    """An odd number of bytes would turn all that follows into noise."""
    sink = Sink()
    play(sink)
    send(sink, 0, 0, pcm(FRAME) + b"\1")
    send(sink, 0, 0, pcm(FRAME, 5))
    assert sink.pull(0) == pcm(FRAME, 5)


def test_sender_without_credit_takes_no_memory() -> None:
    """However much a peer sends, what the sink keeps is bounded."""
    sink = Sink()
    play(sink)
    for number in range(2_000):
        send(sink, number, 0, pcm(10 * FRAME), total=1 << 40)
        send(sink, 0, number * 10 * FRAME, pcm(10 * FRAME))
    held = sink.playing
    assert held is not None
    assert sum(len(piece.pcm) for piece in held.pieces.values()) < 1 << 20
    assert len(held.pieces) < 100


def test_later_pieces_give_way_to_the_one_that_plays() -> None:
    """Audio that came too early never keeps out what is needed next."""
    sink = Sink()
    play(sink)
    for number in range(20, 0, -1):
        send(sink, number, 0, pcm(60 * FRAME), total=60 * FRAME)
    send(sink, 0, 0, pcm(FRAME, 5))
    assert sink.pull(0) == pcm(FRAME, 5)


def test_loudspeaker_delay_is_taken_off_what_was_heard() -> None:
    """What still waits in the sound card was not heard, also across pieces."""
    sink = Sink()
    play(sink)
    send(sink, 0, 0, pcm(2 * FRAME), total=2 * FRAME)
    send(sink, 1, 0, pcm(2 * FRAME), total=2 * FRAME)
    for _ in range(3):
        sink.pull(0, FRAME + 10)
    assert (sink.state(0).piece, sink.state(0).sample) == (0, 2 * FRAME - 10)
