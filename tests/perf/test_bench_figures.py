"""How the benchmarks come to their figures."""

from pathlib import Path

import pytest

from streamtalk.cli.bench_edge import FRAME_NS, PERIOD_FRAMES, Told
from streamtalk.cli.bench_machine import percentile
from streamtalk.cli.bench_pipeline import (
    REPLY_FRAMES,
    detection_frame,
    ideal_ms,
    judge,
    late_frames,
    scripted_cpu_s,
)
from streamtalk.cli.bench_stack import stack_conf
from streamtalk.cli.bench_talk import human

pytestmark = pytest.mark.unit

_MS = 1_000_000


def _told(over_ms: float, frames: int) -> Told:
    start_ns = int((ideal_ms(0) + over_ms) * _MS)
    played = [start_ns + number * FRAME_NS for number in range(frames)]
    return Told(ended_ns=[0], played_ns=[played])


def test_detection_comes_with_the_chunk_that_completes_the_hangover() -> None:
    """Speech ends with sample 22,400, in chunk 43; seven silent chunks end with sample 26,112."""
    assert detection_frame(0) == (26_112 - 1) // 320


def test_ideal_waits_for_the_hangover_and_the_stages() -> None:
    """12 frames until detection, then VAD, ASR, five tokens and the first chunk of speech."""
    assert ideal_ms(0) == pytest.approx(12 * 20 + 0.3 + 120 + 150 + 80 + 100)


def test_ideal_of_each_turn_differs_only_by_where_chunks_fall() -> None:
    """A period is no whole number of chunks, so that detection moves by at most a chunk."""
    assert PERIOD_FRAMES * 320 % 512 != 0
    assert abs(ideal_ms(1) - ideal_ms(0)) <= 40


def test_late_frame_makes_the_clock_anew() -> None:
    """One stall of 50 ms is one late frame, not one for every frame behind it."""
    times = [0, 20, 40, 110, 130, 150]
    assert late_frames([ms * _MS for ms in times]) == 1


def test_frame_within_20_ms_is_not_late() -> None:
    """A frame 19 ms behind its time is none that a loudspeaker lacks."""
    assert late_frames([0, 39 * _MS, 40 * _MS]) == 0


def test_judgement_measures_beyond_the_ideal() -> None:
    """What the road adds is what is left of voice-to-voice after the ideal."""
    found = judge([_told(7.5, REPLY_FRAMES)], turns=1)
    assert found["v2v_over_p50_ms"] == pytest.approx(7.5, abs=0.1)
    assert (found["late_frames"], found["missing_frames"]) == (0, 0)


def test_judgement_counts_what_never_came() -> None:
    """A turn without an answer is missing all of its frames, and makes no time look good."""
    found = judge([_told(1.0, 10), Told(ended_ns=[0], played_ns=[])], turns=1)
    assert found["missing_frames"] == 2 * REPLY_FRAMES - 10
    assert found["v2v_over_max_ms"] == pytest.approx(1.0, abs=0.1)


def test_scripted_cpu_is_that_of_the_stages() -> None:
    """A turn costs 120 ms for hearing and 760 ms for speaking; a second of audio 9.4 ms of VAD."""
    assert scripted_cpu_s(turns=1, sessions=2, frames=50) == pytest.approx(
        2 * (0.120 + 0.760 + 31.25 * 0.3 / 1000)
    )


def test_percentile_of_one_value_is_the_value() -> None:
    """Short runs have their figures, too."""
    assert percentile([3.0], 0.99) == 3.0


def test_benchmarked_stack_is_the_real_one_without_edges() -> None:
    """Every service of supervisord.conf runs, but for those that need devices or a network."""
    sections = set(stack_conf().sections())
    assert {"program:bus", "program:vad", "program:tts_spare", "program:watchdog"} <= sections
    assert "program:audio_io" not in sections


def test_human_rows_are_left_out_where_no_recordings_are(tmp_path: Path) -> None:
    """A machine without recordings still measures the synthetic row."""
    assert human(tmp_path, 20) == []
