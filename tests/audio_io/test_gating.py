"""Whether the microphone may be heard, how loud it is, and what stands in for it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.audio_io.gate import MicrophoneGate
from streamtalk.audio_io.meter import Filler, LevelMeter

pytestmark = pytest.mark.unit

MS = 1_000_000


def test_half_duplex_closes_until_the_guard_has_passed() -> None:
    """Deaf up to the last audible sample and 350 ms beyond, then open."""
    gate = MicrophoneGate(half_duplex=True, guard_ms=350)
    assert gate.passes(0)
    gate.played(until_ns=1_000 * MS)
    assert not gate.passes(0)
    assert not gate.passes(1_349 * MS)
    assert gate.passes(1_350 * MS)


def test_half_duplex_keeps_the_latest_end() -> None:
    """A frame that ends sooner does not open the gate sooner."""
    gate = MicrophoneGate(half_duplex=True, guard_ms=0)
    gate.played(until_ns=1_000 * MS)
    gate.played(until_ns=900 * MS)
    assert not gate.passes(950 * MS)
    assert gate.audible(950 * MS)
    assert not gate.audible(1_000 * MS)


def test_full_duplex_hears_while_it_speaks() -> None:
    """With headphones the microphone stays open."""
    gate = MicrophoneGate(half_duplex=False, guard_ms=350)
    gate.played(until_ns=1_000 * MS)
    assert gate.passes(500 * MS)


def test_mute_wins_over_the_held_key() -> None:
    """Muted is muted, whatever the key does."""
    gate = MicrophoneGate(half_duplex=False, guard_ms=0)
    gate.set(push_to_talk=True, talking=True)
    assert gate.passes(0)
    gate.set(muted=True)
    assert not gate.passes(0)
    assert gate.silenced


def test_change_of_one_setting_leaves_the_others() -> None:
    """None means: as it was."""
    gate = MicrophoneGate(half_duplex=False, guard_ms=0)
    gate.set(muted=True, push_to_talk=True)
    gate.set(talking=True)
    assert (gate.muted, gate.push_to_talk, gate.talking) == (True, True, True)


def test_level_of_a_full_scale_square_is_zero_db() -> None:
    """Five frames at full scale read 0 dBFS; silence reads the floor."""
    meter = LevelMeter()
    assert meter.level_db == -120.0
    for _ in range(5):
        meter.add(np.full(320, -32_768, np.int16).tobytes())
    assert meter.level_db == pytest.approx(0.0, abs=0.01)


@given(st.lists(st.integers(0, 500 * MS), min_size=1, max_size=50))
def test_silence_fills_time_exactly(steps_ns: list[int]) -> None:
    """However often it is asked, the silence is as long as the time, to a frame."""
    filler = Filler(0)
    now_ns = total_bytes = 0
    for step_ns in steps_ns:
        now_ns += step_ns
        total_bytes += len(filler.silence(now_ns))
    assert total_bytes == now_ns // (20 * MS) * 640
    assert filler.uncaptured_ms == total_bytes / 32


def test_silence_begins_where_the_microphone_ended() -> None:
    """Time in which a device delivered is not filled."""
    filler = Filler(0)
    filler.heard(10_000 * MS)
    assert len(filler.silence(10_100 * MS)) == 5 * 640
