"""A recording becomes the global tokens that mlx-audio makes of it."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

pytest.importorskip("mlx.core", reason="MLX has no wheel for this machine")

import mlx.core as mx

from streamtalk.proto.errors import InputError
from streamtalk.tts.spark.architecture import MelConfig
from streamtalk.tts.spark.bicodec import load_decoder
from streamtalk.tts.spark.checkpoint import Checkpoint
from streamtalk.tts.spark.dvector import GlobalTokens
from streamtalk.tts.spark.mel import mel_spectrogram, normalise_volume
from streamtalk.tts.spark.speaker import SpeakerEncoder, load_speaker, read_recording
from tests.support.spark_signals import REFERENCE_S, reference_signal

pytestmark = pytest.mark.contract

Golden = dict[str, NDArray[np.float32]]
CLIP_SAMPLES = 96_000


@pytest.fixture(scope="module")
def checkpoint(tiny: Path) -> Checkpoint:
    """The tiny checkpoint."""
    return Checkpoint(tiny)


@pytest.fixture(scope="module")
def encoder(checkpoint: Checkpoint) -> SpeakerEncoder:
    """Its speaker encoder."""
    return load_speaker(checkpoint)


@pytest.fixture(scope="module")
def golden() -> Golden:
    """What the oracle made."""
    with np.load(Path(__file__).parent / "golden" / "speaker.npz") as arrays:
        return dict(arrays)


def _mel(seconds: int) -> NDArray[np.float32]:
    loud = np.resize(normalise_volume(reference_signal(seconds)), CLIP_SAMPLES)
    return mel_spectrogram(loud, MelConfig())


@pytest.mark.parametrize("seconds", REFERENCE_S)
def test_mel_equals_the_oracle(golden: Golden, seconds: int) -> None:
    """301 frames of 128 bands of a clip of 6 s, short recordings repeated."""
    mel = _mel(seconds)
    assert mel.shape == (301, 128)
    np.testing.assert_allclose(mel[::20], golden[f"mel_{seconds}"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("seconds", REFERENCE_S)
def test_latents_equal_the_oracle(encoder: SpeakerEncoder, golden: Golden, seconds: int) -> None:
    """What the quantiser rounds is the same, so that no token flips by chance."""
    latents = np.array(encoder.latents(_mel(seconds)))
    np.testing.assert_allclose(latents, golden[f"latents_{seconds}"], atol=1e-5)


@pytest.mark.parametrize("seconds", REFERENCE_S)
def test_tokens_equal_the_oracle(encoder: SpeakerEncoder, golden: Golden, seconds: int) -> None:
    """All 32 global tokens, from the samples on."""
    assert encoder.global_tokens(reference_signal(seconds)) == golden[f"tokens_{seconds}"].tolist()


def test_every_token_is_the_nearest_to_its_own_levels(checkpoint: Checkpoint) -> None:
    """All 4,096: the bound of Mentzer et al., inverted here, then rounded, gives the token."""
    tokens = GlobalTokens(checkpoint.bicodec.speaker_encoder)
    digits = np.arange(4_096)[:, None] // 4 ** np.arange(6) % 4
    half = 3 * 1.001 / 2
    vectors = np.arctanh((digits - 2 + 0.5) / half) - np.arctanh(0.5 / half)
    assert tokens.nearest(mx.array(vectors.astype(np.float32))) == list(range(4_096))
    assert tokens.codes([4_095] * 32).tolist() == [[0.5] * 6] * 32


def test_enrolled_voice_conditions_the_decoder(
    checkpoint: Checkpoint, encoder: SpeakerEncoder
) -> None:
    """Two recordings become two d-vectors."""
    decoder = load_decoder(checkpoint)
    first, second = (encoder.global_tokens(reference_signal(s)) for s in REFERENCE_S)
    assert (np.array(decoder.condition(first)) != np.array(decoder.condition(second))).any()


@pytest.mark.parametrize("rate_hz", [16_000, 44_100])
def test_recording_is_read_at_the_rate_of_the_model(tmp_path: Path, rate_hz: int) -> None:
    """The first of two channels, at 16 kHz."""
    time = np.arange(2 * rate_hz) / rate_hz
    tone = 0.3 * np.sin(2 * np.pi * 440 * time)
    soundfile.write(tmp_path / "a.wav", np.stack([tone, 0 * tone], axis=1), rate_hz)
    samples = read_recording(tmp_path / "a.wav", 16_000)
    assert samples.shape == (32_000,)
    spectrum = np.abs(np.fft.rfft(samples))
    assert spectrum.argmax() == 880


@pytest.mark.parametrize(
    "level,seconds,problem", [(0.3, 0.5, "shorter than 1 s"), (0.0, 2.0, "holds no voice")]
)
def test_recording_without_a_voice_is_refused(
    tmp_path: Path, level: float, seconds: float, problem: str
) -> None:
    """What cannot be cloned is said, not cloned."""
    soundfile.write(tmp_path / "a.wav", np.full(int(seconds * 16_000), level), 16_000)
    with pytest.raises(InputError, match=problem):
        read_recording(tmp_path / "a.wav", 16_000)


@pytest.mark.parametrize("content", [None, b"no audio"])
def test_file_without_audio_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """A missing file and one of text are the person's to mend."""
    if content is not None:
        (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(InputError, match="cannot be read as audio"):
        read_recording(tmp_path / "a.wav", 16_000)
