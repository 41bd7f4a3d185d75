"""What the configuration files of a Spark-TTS checkpoint say, as far as we read them."""

from typing import Annotated, Final

import msgspec

Size = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
SEMANTIC_CODES: Final = 8_192
GLOBAL_CODES: Final = 4_096

Sizes = Annotated[list[Size], msgspec.Meta(min_length=1, max_length=64)]


class AudioConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`config.yaml` of SparkAudio, `audio_tokenizer_config.yaml` of a conversion to MLX."""

    sample_rate: Size = 16_000
    latent_hop_length: Size = 320
    """Samples of a frame, that is of one semantic token."""

    ref_segment_duration: Annotated[float, msgspec.Meta(gt=0, le=60)] = 6.0
    """Seconds of a reference recording that the speaker encoder hears."""

    volume_normalize: bool = True


class LlmConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`config.json` of the Qwen2 language model."""

    hidden_size: Size
    num_hidden_layers: Size
    intermediate_size: Size
    num_attention_heads: Size
    num_key_value_heads: Size
    vocab_size: Size
    rms_norm_eps: float = 1e-6
    rope_theta: float = 1_000_000.0
    tie_word_embeddings: bool = True
    eos_token_id: int | list[int] = 151_645
    quantization: dict[str, int | str] | None = None
    """Of a conversion to MLX whose matrices are quantised: `group_size` and `bits`."""

    @property
    def head_dim(self) -> int:
        """Channels of one attention head."""
        return self.hidden_size // self.num_attention_heads


class MelConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The mel spectrogram that the speaker encoder hears."""

    sample_rate: Size = 16_000
    n_fft: Size = 1_024
    win_length: Size = 640
    hop_length: Size = 320
    mel_fmin: float = 10.0
    mel_fmax: float | None = None
    num_mels: Size = 128


class FeatureConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A Vocos backbone between two linear layers: encoder, prenet and postnet."""

    input_channels: Size
    vocos_dim: Size
    vocos_intermediate_dim: Size
    vocos_num_layers: Size
    out_channels: Size
    condition_dim: Size | None = None
    sample_ratios: list[Size] = msgspec.field(default_factory=lambda: [1, 1])
    use_tanh_at_final: bool = False


class WaveConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The wave generator: transposed convolutions that halve the channels."""

    input_channel: Size
    channels: Size
    rates: Sizes
    kernel_sizes: Sizes


class QuantizerConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The codebook of semantic tokens, factorised."""

    input_dim: Size
    codebook_size: Size
    codebook_dim: Size


class SpeakerConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The speaker encoder and the quantiser of its global tokens."""

    input_dim: Size
    out_dim: Size
    latent_dim: Size
    token_num: Size
    fsq_levels: Sizes
    fsq_num_quantizers: Annotated[int, msgspec.Meta(ge=1, le=1)] = 1
    ecapa_channels: Size = 512
    """No published file states it; ours of the tests do."""


class BiCodecConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The `audio_tokenizer` table of `BiCodec/config.yaml`."""

    mel_params: MelConfig
    encoder: FeatureConfig
    decoder: WaveConfig
    quantizer: QuantizerConfig
    speaker_encoder: SpeakerConfig
    prenet: FeatureConfig
    postnet: FeatureConfig | None = None

    def problem(self) -> str | None:
        """What does not fit together or is not supported; None: nothing."""
        return self._wave_problem() or self._width_problem()

    def _wave_problem(self) -> str | None:
        wave = self.decoder
        if len(wave.rates) != len(wave.kernel_sizes):
            return "decoder.rates and decoder.kernel_sizes differ in length"
        if wave.channels % 2 ** len(wave.rates):
            return f"decoder.channels {wave.channels} cannot be halved {len(wave.rates)} times"
        if any((k - r) % 2 or k < r for k, r in zip(wave.kernel_sizes, wave.rates, strict=True)):
            return "each of decoder.kernel_sizes must exceed its rate by an even number"
        return None

    def _width_problem(self) -> str | None:
        wave, prenet = self.decoder, self.prenet
        if set(prenet.sample_ratios) != {1}:
            return f"prenet.sample_ratios {prenet.sample_ratios}: only 1 is supported"
        widths = {
            "decoder.input_channel": wave.input_channel,
            "speaker_encoder.out_dim": self.speaker_encoder.out_dim,
            "prenet.condition_dim": prenet.condition_dim,
        }
        for name, width in widths.items():
            if width != prenet.out_channels:
                return f"{name} {width} is not prenet.out_channels {prenet.out_channels}"
        if self.quantizer.input_dim != prenet.input_channels:
            return "quantizer.input_dim is not prenet.input_channels"
        return None
