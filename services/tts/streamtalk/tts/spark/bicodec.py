"""Decodes semantic tokens with the speaker's global tokens: BiCodec of Spark-TTS.

Two stages, callable separately: windows of a stream need other contexts in each of them.
"""

from collections.abc import Sequence
from typing import Final

import mlx.core as mx

from streamtalk.proto.errors import EngineError
from streamtalk.tts.spark.architecture import BiCodecConfig
from streamtalk.tts.spark.backbone import Prenet
from streamtalk.tts.spark.checkpoint import Checkpoint
from streamtalk.tts.spark.dvector import SpeakerProjection
from streamtalk.tts.spark.geometry import (
    macs_per_frame,
    prenet_context,
    samples_per_frame,
    wave_context,
)
from streamtalk.tts.spark.wave_generator import WaveGenerator
from streamtalk.tts.spark.weights import Weights

_VOICES_KEPT: Final = 256
"""d-vectors kept; one has 4 KB."""


class BiCodecDecoder:
    """Semantic codes and a d-vector to 16 kHz samples."""

    def __init__(self, config: BiCodecConfig, weights: Weights) -> None:
        weights = weights.cast(mx.float32)
        self.config = config
        self.samples_per_frame = samples_per_frame(config.decoder)
        self.prenet_context = prenet_context(config.prenet)
        self.wave_context = wave_context(config.decoder)
        self.macs_per_frame = macs_per_frame(config)
        self._table = _codebook(weights.under("quantizer"))
        self._prenet = Prenet(config.prenet, weights.under("prenet"))
        self.generator = WaveGenerator(config.decoder, weights.under("decoder"))
        self._speaker = SpeakerProjection(config.speaker_encoder, weights.under("speaker_encoder"))
        self._voices: dict[tuple[int, ...], mx.array] = {}

    def condition(self, global_tokens: Sequence[int]) -> mx.array:
        """The d-vector of a voice, shape (condition_dim,); kept for the next time.

        Raises EngineError where these are not the global tokens of one voice.
        """
        key = tuple(global_tokens)
        if key not in self._voices:
            while len(self._voices) >= _VOICES_KEPT:
                self._voices.pop(next(iter(self._voices)))
            vector = self._speaker(key)
            mx.eval(vector)
            self._voices[key] = vector
        return self._voices[key]

    def prenet(self, tokens: Sequence[int] | mx.array, dvector: mx.array) -> mx.array:
        """Features (frames, channels) of semantic codes (frames,), the speaker added."""
        codes = self._codes(tokens)
        return (self._prenet(self._table[codes][None], dvector) + dvector)[0]

    def wave(self, features: mx.array) -> mx.array:
        """Samples (320 * frames,) in [-1, 1] of features (frames, channels)."""
        return self.generator(features[None]).reshape(-1)

    def decode(self, tokens: Sequence[int] | mx.array, dvector: mx.array) -> mx.array:
        """Samples (320 * frames,) of semantic codes (frames,), without any context."""
        return self.wave(self.prenet(tokens, dvector))

    def _codes(self, tokens: Sequence[int] | mx.array) -> mx.array:
        if isinstance(tokens, mx.array):
            return tokens
        size = self.config.quantizer.codebook_size
        if not tokens or not all(0 <= token < size for token in tokens):
            raise EngineError(f"semantic codes are one or more of 0 to {size - 1}")
        return mx.array(list(tokens), mx.int32)


def _codebook(weights: Weights) -> mx.array:
    """Each entry projected to the channels of the prenet, shape (codebook_size, input_dim)."""
    kernel = weights.folded("out_project")[:, :, 0]
    table = mx.addmm(weights["out_project.bias"], weights["codebook.weight"], kernel.T)
    mx.eval(table)
    return table


def load_decoder(checkpoint: Checkpoint) -> BiCodecDecoder:
    """The decoder of a checkpoint; raises EngineError where its tensors do not fit."""
    return BiCodecDecoder(checkpoint.bicodec, checkpoint.decoding_weights())
