"""Makes the 32 global tokens of a voice out of a reference recording."""

from pathlib import Path
from typing import Final

import mlx.core as mx
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from streamtalk.proto.errors import InputError
from streamtalk.tts.spark.architecture import AudioConfig, BiCodecConfig
from streamtalk.tts.spark.backbone import linear
from streamtalk.tts.spark.checkpoint import Checkpoint
from streamtalk.tts.spark.dvector import GlobalTokens
from streamtalk.tts.spark.ecapa import Ecapa
from streamtalk.tts.spark.mel import mel_spectrogram, normalise_volume
from streamtalk.tts.spark.perceiver import Perceiver
from streamtalk.tts.spark.weights import Weights

Samples = NDArray[np.float32]

SHORTEST_S: Final = 1.0
LONGEST_S: Final = 120.0
_SILENCE: Final = 1e-3
"""Peak below which a recording holds no voice."""


class SpeakerEncoder:
    """Mel spectrogram, ECAPA-TDNN, perceiver and finite scalar quantiser; no wav2vec2."""

    def __init__(self, audio: AudioConfig, config: BiCodecConfig, weights: Weights) -> None:
        self._audio = audio
        self._mel = config.mel_params
        speaker = weights.cast(mx.float32).under("speaker_encoder")
        self._ecapa = Ecapa(speaker.under("speaker_encoder"))
        self._perceiver = Perceiver(speaker.under("perceiver_sampler"))
        self._quantiser = speaker.under("quantizer")
        self._tokens = GlobalTokens(config.speaker_encoder)

    def global_tokens(self, samples: Samples) -> list[int]:
        """Tokens of mono `samples` at the model's rate, in [-1, 1]."""
        loud = normalise_volume(samples) if self._audio.volume_normalize else samples
        latents = self.latents(mel_spectrogram(self._clip(loud), self._mel))
        return self._tokens.nearest(latents)

    def latents(self, mel: NDArray[np.float32]) -> mx.array:
        """What the quantiser rounds: (tokens, dimensions) of (frames, mels)."""
        features = self._ecapa(mx.array(mel)[None])[0]
        return linear(self._quantiser, "project_in", self._perceiver(features))

    def _clip(self, samples: Samples) -> Samples:
        """The first seconds; a shorter recording is repeated."""
        hop = self._audio.latent_hop_length
        length = int(self._audio.sample_rate * self._audio.ref_segment_duration) // hop * hop
        return np.resize(samples, length) if samples.size < length else samples[:length]


def read_recording(path: Path, rate_hz: int) -> Samples:
    """The first channel of a recording at `rate_hz`, at most 120 s of it.

    Raises:
        InputError: no audio file, shorter than 1 s, or silent.
    """
    try:
        with soundfile.SoundFile(path) as file:
            own_hz = file.samplerate
            sound = file.read(int(LONGEST_S * own_hz), dtype="float32", always_2d=True)[:, 0]
    except (OSError, soundfile.LibsndfileError) as error:
        raise InputError(f"{path} cannot be read as audio: {error}") from error
    if sound.size < SHORTEST_S * own_hz:
        raise InputError(f"{path} is shorter than {SHORTEST_S:g} s; record about 6 s of one voice")
    if not np.isfinite(sound).all() or np.max(np.abs(sound)) < _SILENCE:
        raise InputError(f"{path} holds no voice; record about 6 s of one voice")
    resampled: Samples = soxr.resample(sound, own_hz, rate_hz, quality="VHQ")
    return resampled


def load_speaker(checkpoint: Checkpoint) -> SpeakerEncoder:
    """The speaker encoder of a checkpoint; raises EngineError where its tensors do not fit."""
    weights = checkpoint.enrolment_weights()
    return SpeakerEncoder(checkpoint.audio, checkpoint.bicodec, weights)
