"""When speech begins and pauses, from probabilities alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.vad.config import SegmenterSettings
from streamtalk.vad.segmenter import Segmenter
from streamtalk.vad.tracker import CHUNK_SAMPLES

pytestmark = pytest.mark.unit

SETTINGS = SegmenterSettings(
    start_probability=0.6,
    stop_probability=0.35,
    min_speech_ms=64,
    min_silence_ms=128,
    look_back_ms=300,
)
LOOK_BACK = 4_800


def _feed(segmenter: Segmenter, *probabilities: float, at_chunk: int = 0) -> list[bool]:
    starts = [(at_chunk + i) * CHUNK_SAMPLES for i in range(len(probabilities))]
    return [
        segmenter.feed(start, start + CHUNK_SAMPLES, probability)
        for start, probability in zip(starts, probabilities, strict=True)
    ]


def test_speech_begins_before_its_first_chunk() -> None:
    """The segment starts earlier than the first loud chunk, by the look-back."""
    segmenter = Segmenter(SETTINGS, 0)
    assert _feed(segmenter, *[0.0] * 20, 0.9, 0.9) == [False] * 21 + [True]
    assert segmenter.segment == 20 * CHUNK_SAMPLES - LOOK_BACK
    assert segmenter.end == 22 * CHUNK_SAMPLES


def test_look_back_stops_at_the_first_judged_sample() -> None:
    """A segment never reaches into audio that was not to be judged."""
    segmenter = Segmenter(SETTINGS, 3 * CHUNK_SAMPLES)
    _feed(segmenter, 0.9, 0.9, at_chunk=4)
    assert segmenter.segment == 3 * CHUNK_SAMPLES


def test_look_back_stops_at_the_end_of_the_segment_before() -> None:
    """Two segments never share audio."""
    segmenter = Segmenter(SETTINGS, 0)
    _feed(segmenter, 0.9, 0.9, 0.0, 0.0, 0.0, 0.0, 0.0, 0.9, 0.9)
    assert segmenter.segment == 2 * CHUNK_SAMPLES


def test_single_loud_chunk_is_no_speech() -> None:
    """A click shorter than the shortest speech changes nothing."""
    segmenter = Segmenter(SETTINGS, 0)
    assert not any(_feed(segmenter, 0.0, 0.99, 0.0, 0.99, 0.0))
    assert segmenter.segment is None


def test_wavering_probability_does_not_cut_speech() -> None:
    """Between the two thresholds speech lasts, however long."""
    segmenter = Segmenter(SETTINGS, 0)
    _feed(segmenter, 0.9, 0.9)
    assert not any(_feed(segmenter, *[0.4] * 50, at_chunk=2))
    assert segmenter.end == 52 * CHUNK_SAMPLES


def test_pause_is_reported_after_the_shortest_silence() -> None:
    """`speaking` falls with the chunk that completes the silence; the end is the last speech."""
    segmenter = Segmenter(SETTINGS, 0)
    _feed(segmenter, 0.9, 0.9, 0.9)
    assert _feed(segmenter, 0.1, 0.1, 0.1, 0.1, at_chunk=3) == [False, False, False, True]
    assert not segmenter.speaking
    assert segmenter.end == 3 * CHUNK_SAMPLES


def test_hole_in_the_audio_counts_as_elapsed_time() -> None:
    """After audio was lost, the first silent chunk ends speech at where it was last heard."""
    segmenter = Segmenter(SETTINGS, 0)
    _feed(segmenter, 0.9, 0.9)
    assert _feed(segmenter, 0.0, at_chunk=40) == [True]
    assert segmenter.end == 2 * CHUNK_SAMPLES


@given(st.lists(st.floats(0, 1), max_size=200))
def test_segments_are_ordered_and_never_overlap(probabilities: list[float]) -> None:
    """Whatever the model says, every segment starts at or after the end of the one before."""
    segmenter = Segmenter(SETTINGS, 0)
    last_end = 0
    for index, probability in enumerate(probabilities):
        began = _feed(segmenter, probability, at_chunk=index)[0] and segmenter.speaking
        if began:
            assert segmenter.segment is not None
            assert last_end <= segmenter.segment <= index * CHUNK_SAMPLES
        if segmenter.speaking:
            assert segmenter.end is not None
            assert segmenter.end <= (index + 1) * CHUNK_SAMPLES
            last_end = segmenter.end


def test_peak_is_the_best_of_the_segment() -> None:
    """It grows while speech lasts, counts its first chunks, and stands until the next begins."""
    segmenter = Segmenter(SETTINGS, 0)
    _feed(segmenter, 0.9, 0.7)
    assert segmenter.peak == 0.9
    _feed(segmenter, 0.94, 0.5, *[0.0] * 4, 0.99, at_chunk=2)
    assert (segmenter.speaking, segmenter.peak) == (False, 0.94)
    _feed(segmenter, 0.8, at_chunk=9)
    assert (segmenter.speaking, segmenter.peak) == (True, 0.99)


def test_chunk_that_began_no_speech_is_in_no_peak() -> None:
    """A single sure chunk before silence says nothing of the segment after it."""
    segmenter = Segmenter(SETTINGS, 0)
    _feed(segmenter, 0.99, 0.0, 0.7, 0.7)
    assert segmenter.peak == 0.7


def test_speech_that_was_never_sure_stays() -> None:
    """A short word of somebody quiet ends where it ended, and not where it began."""
    segmenter = Segmenter(SETTINGS, 0)
    _feed(segmenter, *[0.7] * 5, *[0.0] * 4)
    assert not segmenter.speaking
    assert segmenter.end == 5 * CHUNK_SAMPLES
