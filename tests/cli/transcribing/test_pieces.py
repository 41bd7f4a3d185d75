"""A long recording is cut into the pieces in which somebody speaks, each fit for one call."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.cli.transcribing.listening import Listener
from streamtalk.cli.transcribing.pieces import LONGEST_SAMPLES, Piece, PieceCutter, Window
from streamtalk.proto.audio import BYTES_PER_SAMPLE, MIC_RATE_HZ
from streamtalk.proto.limits import MAX_HEADER_BYTES, MAX_MESSAGE_BYTES
from streamtalk.proto.state import PLAIN_VOICE
from streamtalk.vad.config import ScriptedSettings, SegmenterSettings
from streamtalk.vad.engines.scripted import ScriptedEngine
from streamtalk.vad.tracker import CHUNK_SAMPLES

pytestmark = pytest.mark.unit

_CHUNKS_PER_S = MIC_RATE_HZ / CHUNK_SAMPLES


def _cut(probabilities: list[float]) -> list[Piece]:
    cutter = PieceCutter(SegmenterSettings())
    found: list[Piece] = []
    for number, probability in enumerate(probabilities):
        at = number * CHUNK_SAMPLES
        found += cutter.feed(at, at + CHUNK_SAMPLES, probability)
    return [*found, *cutter.close(len(probabilities) * CHUNK_SAMPLES)]


def _speech(*stretches: tuple[float, float]) -> list[float]:
    """Probabilities: pairs of (seconds, probability)."""
    return [p for length_s, p in stretches for _ in range(round(length_s * _CHUNKS_PER_S))]


def test_longest_piece_fits_into_one_message() -> None:
    """Thirty seconds of 16-bit audio and a header stay below the limit."""
    assert LONGEST_SAMPLES * BYTES_PER_SAMPLE + 1_024 < MAX_MESSAGE_BYTES
    assert MAX_HEADER_BYTES < MAX_MESSAGE_BYTES


@given(
    st.lists(
        st.tuples(st.floats(0.03, 45.0), st.sampled_from([0.0, 0.1, 0.4, 0.7, 1.0])),
        max_size=12,
    )
)
def test_pieces_are_in_order_and_short_enough(stretches: list[tuple[float, float]]) -> None:
    """None overlaps the next, is empty, or longer than a call may carry."""
    probabilities = _speech(*stretches)
    pieces = _cut(probabilities)
    assert all(0 <= p.begin < p.end for p in pieces)
    assert all(p.end - p.begin <= LONGEST_SAMPLES for p in pieces)
    assert all(a.end <= b.begin for a, b in itertools.pairwise(pieces))
    assert not pieces or pieces[-1].end <= len(probabilities) * CHUNK_SAMPLES


@given(
    st.lists(st.tuples(st.floats(0.5, 70.0), st.floats(0.3, 5.0)), min_size=1, max_size=6),
)
def test_every_sure_chunk_of_speech_is_in_a_piece(stretches: list[tuple[float, float]]) -> None:
    """Whatever the pauses are, what the model is sure of is transcribed."""
    probabilities: list[float] = []
    for speech_s, pause_s in stretches:
        probabilities += _speech((speech_s, 0.97), (pause_s, 0.05))
    pieces = _cut(probabilities)
    for number, probability in enumerate(probabilities):
        middle = number * CHUNK_SAMPLES + CHUNK_SAMPLES // 2
        inside = any(piece.begin <= middle <= piece.end for piece in pieces)
        assert inside or probability < 0.5


def test_sentences_with_a_breath_between_them_stay_together() -> None:
    """Half a second of silence is no reason for another call; two seconds are."""
    near = _cut(_speech((2, 1.0), (0.5, 0.0), (2, 1.0), (1, 0.0)))
    far = _cut(_speech((2, 1.0), (2.0, 0.0), (2, 1.0), (1, 0.0)))
    assert (len(near), len(far)) == (1, 2)


def test_long_piece_ends_at_a_short_pause() -> None:
    """After 15 s of speech a pause of 160 ms is enough."""
    first, _ = _cut(_speech((16, 1.0), (0.16, 0.0), (5, 1.0), (2, 0.0)))
    assert first.end / MIC_RATE_HZ == pytest.approx(16.16, abs=0.1)


def test_speech_without_a_pause_is_cut_where_it_is_least_sure() -> None:
    """At 24 s the speaker nearly pauses: there, not in the middle of a word at 30 s."""
    first, second = _cut(_speech((24, 1.0), (0.032, 0.5), (20, 1.0), (1, 0.0)))
    assert first.end / MIC_RATE_HZ == pytest.approx(24.0, abs=0.05)
    assert second.begin == first.end


def test_piece_tells_how_sure_voice_activity_was() -> None:
    """The best of all speech in it; a click alone is a piece that is not believed much."""
    click = (0.1, 0.8)
    (alone,) = _cut(_speech((2, 0.0), click, (2, 0.0)))
    assert alone.voice == 0.8
    both = _cut(_speech((2, 0.99), (0.5, 0.0), click, (3, 0.0), click, (2, 0.0)))
    assert [piece.voice for piece in both] == [0.99, 0.8]
    (long,) = _cut(_speech((2, 0.9), (2, 0.0)))
    assert long.voice == PLAIN_VOICE


def test_window_forgets_what_is_behind() -> None:
    """It holds what was appended and not forgotten, by its place in the recording."""
    window = Window()
    for block in range(5):
        window.append(np.full(100, block, np.int16))
        window.forget(block * 100 - 50)
    assert (window.end, len(window)) == (500, 150)
    assert window.take(399, 401).tolist() == [3, 4]


def test_three_hours_take_the_memory_of_a_minute() -> None:
    """However long the recording, little more than the longest piece is held at a time."""
    noise = np.random.default_rng(1).normal(0, 3_000, MIC_RATE_HZ).astype(np.int16)
    silence = np.zeros(MIC_RATE_HZ, np.int16)
    engine = ScriptedEngine(ScriptedSettings(cost_ms=0.0))
    engine.load(1)
    listener = Listener(engine, SegmenterSettings())
    blocks = (noise if second % 600 < 40 else silence for second in range(3 * 3_600))
    read: list[int] = []
    pieces = list(listener.speech(blocks, read.append))
    assert read[-1] == 3 * 3_600 * MIC_RATE_HZ
    assert listener.most_samples < LONGEST_SAMPLES + 3 * MIC_RATE_HZ
    assert {piece.begin // (600 * MIC_RATE_HZ) for piece in pieces} == set(range(18))
    assert all((piece.samples[:8] == noise[piece.begin % MIC_RATE_HZ :][:8]).all()
               for piece in pieces[1::2])  # fmt: skip
