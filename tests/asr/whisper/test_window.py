"""A shorter window for short speech: off by default, whole where the speech would not fit."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamtalk.asr.config import FasterWhisperSettings
from streamtalk.asr.engine import Speech
from streamtalk.asr.engines.faster_whisper import FasterWhisperEngine
from streamtalk.asr.loudness import to_pcm
from streamtalk.asr.plausibility import check_heard
from streamtalk.asr.whisper.window import Window, frames_for

pytestmark = pytest.mark.contract

write_model = pytest.importorskip(
    "tests.support.tiny_whisper", reason="needs streamtalk[whisper]"
).write_model

RNG = np.random.default_rng(5)


class _Encoder:
    """Notes how much it is given."""

    def __init__(self) -> None:
        self.frames: list[int] = []

    def encode(self, features: NDArray[np.float32]) -> None:
        """Take it."""
        self.frames.append(features.shape[-1])


@given(st.floats(0.0, 40.0), st.floats(5.0, 30.0))
def test_speech_is_never_cut(audio_s: float, window_s: float) -> None:
    """The window holds the speech and a second of silence, or it is the whole one."""
    frames = frames_for(audio_s, window_s)
    assert frames == 3_000 or (audio_s + 1.0) * 100 <= frames == np.ceil(window_s * 100)


def test_encoder_gets_the_short_window_where_it_fits() -> None:
    """3 s in a window of 10 s; 9.5 s in the whole one; nothing changes when it is off."""
    padded = np.zeros((80, 3_000), np.float32)
    short, whole = _Encoder(), _Encoder()
    for encoder, window in ((short, Window(short, 10.0)), (whole, Window(whole, 30.0))):
        for audio_s in (3.0, 9.5):
            window.expect(int(audio_s * 16_000))
            encoder.encode(padded)
    assert short.frames == [1_000, 3_000]
    assert whole.frames == [3_000, 3_000]


@pytest.mark.parametrize("seconds", [1, 4, 12])
def test_engine_hears_with_a_short_window(tmp_path: Path, seconds: int) -> None:
    """The real library: the same sentence, words within the audio, whatever the window."""
    model = write_model(tmp_path, said="is that so")
    settings = FasterWhisperSettings(model=str(model), window_s=6.0, reject_invented=False)
    engine = FasterWhisperEngine(settings)
    engine.load()
    noise = (0.1 * RNG.standard_normal(seconds * 16_000)).astype(np.float32)
    heard = engine.hear(Speech(to_pcm(noise), language="en"))
    check_heard(heard)
    assert heard.text == "is that so"
    assert heard.words[-1].to_sample <= seconds * 16_000
