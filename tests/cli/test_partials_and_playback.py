"""A recogniser that holds its interpreter for partials takes no frame from the playback."""

import pytest

from streamtalk.cli import bench_pipeline

pytestmark = pytest.mark.process


def test_playback_has_the_same_frames_with_partials_on_and_off() -> None:
    """Every frame of the answer is played in both; how late they were the benchmark prints."""
    off = bench_pipeline.run("gil", 1, 1)
    on = bench_pipeline.run("duplex", 1, 1)
    assert off["frames"] == on["frames"] == bench_pipeline.REPLY_FRAMES
    assert (off["missing_frames"], on["missing_frames"]) == (0, 0)
