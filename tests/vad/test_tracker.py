"""How frames become contiguous audio."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.proto.audio import BYTES_PER_SAMPLE, MIC_FRAME_BYTES, MIC_FRAME_SAMPLES
from streamtalk.vad.tracker import CHUNK_BYTES, CHUNK_SAMPLES, Tracker

pytestmark = pytest.mark.unit

FRAMES = 64
AUDIO = b"".join(n.to_bytes(2, "little") for n in range(FRAMES * MIC_FRAME_SAMPLES))


def _frame(number: int) -> bytes:
    return AUDIO[number * MIC_FRAME_BYTES : (number + 1) * MIC_FRAME_BYTES]


def _offer(tracker: Tracker, number: int) -> bool:
    return tracker.offer("a", number * MIC_FRAME_SAMPLES, _frame(number))


def test_frames_are_cut_into_chunks() -> None:
    """Frames of 320 samples come out as chunks of 512, with their positions."""
    tracker = Tracker("a", 0, 0)
    assert not tracker.ready
    assert all(_offer(tracker, number) for number in range(8))
    assert tracker.take(2) == (0, AUDIO[: 2 * CHUNK_BYTES])
    assert tracker.take(9) == (2 * CHUNK_SAMPLES, AUDIO[2 * CHUNK_BYTES : 5 * CHUNK_BYTES])
    assert not tracker.ready


def test_audio_of_another_stream_is_dropped() -> None:
    """A microphone that was opened anew has positions that mean something else."""
    tracker = Tracker("a", 0, 0)
    assert tracker.offer("b", 0, _frame(0))
    assert tracker.next_sample == 0


def test_pre_roll_begins_before_the_first_judged_sample() -> None:
    """Audio is wanted from the pre-roll on, though never from before the stream's start."""
    assert Tracker("a", 50_000, 24_000).next_sample == 26_000
    assert Tracker("a", 1_000, 24_000).next_sample == 0


def test_hole_has_to_be_filled_first() -> None:
    """A frame behind a hole is not taken until the hole is filled or given up."""
    tracker = Tracker("a", 0, 0)
    _offer(tracker, 0)
    assert not _offer(tracker, 2)
    assert _offer(tracker, 1)
    assert _offer(tracker, 2)
    assert tracker.frames_lost == 0


def test_given_up_audio_is_counted_in_frames() -> None:
    """What neither bus nor ring has is lost, a begun frame as a whole one."""
    tracker = Tracker("a", 0, 0)
    tracker.skip_to(3 * MIC_FRAME_SAMPLES + 1)
    assert tracker.frames_lost == 4


def test_lost_pre_roll_is_no_loss() -> None:
    """Audio that would only have warmed the model is not missed."""
    tracker = Tracker("a", 32_000, 16_000)
    tracker.skip_to(32_000)
    assert tracker.frames_lost == 0
    tracker.skip_to(32_320)
    assert tracker.frames_lost == 1


@given(st.lists(st.integers(0, FRAMES - 1), max_size=300))
def test_any_order_of_frames_gives_the_same_audio(order: list[int]) -> None:
    """With a ring behind it, loss, repetition and disorder on the bus change nothing."""
    tracker = Tracker("a", 0, 0)
    taken = b""
    for number in [*order, FRAMES - 1]:
        if not _offer(tracker, number):
            first, end = tracker.next_sample, number * MIC_FRAME_SAMPLES
            missing = AUDIO[first * BYTES_PER_SAMPLE : end * BYTES_PER_SAMPLE]
            assert tracker.offer("a", first, missing)
            assert _offer(tracker, number)
        taken += tracker.take(3)[1]
    taken += tracker.take(FRAMES)[1]
    assert taken == AUDIO[: len(AUDIO) // CHUNK_BYTES * CHUNK_BYTES]
    assert tracker.frames_lost == 0


@given(st.integers(0, 2_000), st.integers(1, 700))
def test_overlapping_audio_is_taken_once(known: int, length: int) -> None:
    """Of audio that is partly known, only the new part is taken."""
    tracker = Tracker("a", 0, 0)
    tracker.offer("a", 0, AUDIO[: known * BYTES_PER_SAMPLE])
    start = max(0, known - 300)
    tracker.offer("a", start, AUDIO[start * BYTES_PER_SAMPLE :][: length * BYTES_PER_SAMPLE])
    total = tracker.next_sample
    assert total == max(known, start + length)
    chunks = total // CHUNK_SAMPLES
    assert tracker.take(99)[1] == AUDIO[: chunks * CHUNK_BYTES]
