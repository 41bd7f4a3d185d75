"""Name and shape of every tensor of a checkpoint, computed from its configuration.

Shapes are those of PyTorch: convolutions (out, in / groups, kernel), transposed ones
(in, out, kernel), linear layers (out, in).
"""

from typing import Final

from streamtalk.tts.spark.architecture import (
    BiCodecConfig,
    FeatureConfig,
    LlmConfig,
    QuantizerConfig,
    SpeakerConfig,
    WaveConfig,
)

Shapes = dict[str, tuple[int, ...]]

KERNEL: Final = 7
"""Of the backbones' convolutions, and of those in the wave generator that do not resample."""

DILATIONS: Final = (1, 3, 9)
"""Of the residual units after each upsampling."""

BACKBONES_LAYERS: Final = 2
"""ConvNeXt blocks of the small backbone behind each sampling block."""

ECAPA_SCALE: Final = 8
ECAPA_DILATIONS: Final = (2, 3, 4)
ECAPA_FEATURES: Final = 1_536
ECAPA_BOTTLENECK: Final = 128
PERCEIVER_LAYERS: Final = 2
PERCEIVER_HEADS: Final = 8
PERCEIVER_HEAD_DIM: Final = 64
PERCEIVER_WIDENING: Final = 8 / 3


def inner_dim(dim: int) -> int:
    """Width of the gated feed-forward of the perceiver."""
    return int(dim * PERCEIVER_WIDENING)


def _affine(name: str, out: int, *inputs: int) -> Shapes:
    return {f"{name}.weight": (out, *inputs), f"{name}.bias": (out,)}


def _batch_norm(name: str, dim: int) -> Shapes:
    return _affine(name, dim) | {f"{name}.running_mean": (dim,), f"{name}.running_var": (dim,)}


def _normed(name: str, out: int, inputs: int, kernel: int) -> Shapes:
    return {
        f"{name}.weight_g": (out, 1, 1),
        f"{name}.weight_v": (out, inputs, kernel),
        f"{name}.bias": (out,),
    }


def _layer_norm(name: str, dim: int, condition: int | None) -> Shapes:
    if condition is None:
        return _affine(name, dim)
    return _affine(f"{name}.scale", dim, condition) | _affine(f"{name}.shift", dim, condition)


def backbone(name: str, config: FeatureConfig, layers: int, condition: int | None) -> Shapes:
    """A Vocos backbone of `layers` ConvNeXt blocks over `vocos_dim` channels."""
    dim, wide = config.vocos_dim, config.vocos_intermediate_dim
    shapes = _affine(f"{name}.embed", dim, dim, KERNEL)
    shapes |= _layer_norm(f"{name}.norm", dim, condition)
    for index in range(layers):
        block = f"{name}.convnext.{index}"
        shapes |= _affine(f"{block}.dwconv", dim, 1, KERNEL)
        shapes |= _layer_norm(f"{block}.norm", dim, condition)
        shapes |= _affine(f"{block}.pwconv1", wide, dim) | _affine(f"{block}.pwconv2", dim, wide)
        shapes[f"{block}.gamma"] = (dim,)
    return shapes | _affine(f"{name}.final_layer_norm", dim)


def feature_decoder(name: str, config: FeatureConfig) -> Shapes:
    """The prenet or the postnet."""
    shapes = _affine(f"{name}.linear_pre", config.vocos_dim, config.input_channels)
    for index in range(len(config.sample_ratios)):
        shapes |= backbone(f"{name}.downsample.{index}.1", config, BACKBONES_LAYERS, None)
    shapes |= backbone(
        f"{name}.vocos_backbone", config, config.vocos_num_layers, config.condition_dim
    )
    return shapes | _affine(f"{name}.linear", config.out_channels, config.vocos_dim)


def feature_encoder(name: str, config: FeatureConfig) -> Shapes:
    """The encoder of semantic tokens."""
    shapes = backbone(f"{name}.encoder", config, config.vocos_num_layers, None)
    shapes[f"{name}.encoder.embed.weight"] = (config.vocos_dim, config.input_channels, KERNEL)
    for index in range(len(config.sample_ratios)):
        shapes |= backbone(f"{name}.downsample.{index}.1", config, BACKBONES_LAYERS, None)
    return shapes | _affine(f"{name}.project", config.out_channels, config.vocos_dim)


def wave_generator(name: str, config: WaveConfig) -> Shapes:
    """From features to samples."""
    shapes = _normed(f"{name}.model.0", config.channels, config.input_channel, KERNEL)
    dim = config.channels
    for index, kernel in enumerate(config.kernel_sizes):
        block, dim = f"{name}.model.{index + 1}.block", dim // 2
        shapes[f"{block}.0.alpha"] = (1, 2 * dim, 1)
        shapes |= _normed(f"{block}.1", 2 * dim, dim, kernel) | {f"{block}.1.bias": (dim,)}
        for unit in range(len(DILATIONS)):
            inside = f"{block}.{unit + 2}.block"
            shapes |= {f"{inside}.{at}.alpha": (1, dim, 1) for at in (0, 2)}
            shapes |= _normed(f"{inside}.1", dim, dim, KERNEL)
            shapes |= _normed(f"{inside}.3", dim, dim, 1)
    last = len(config.rates) + 1
    shapes[f"{name}.model.{last}.alpha"] = (1, dim, 1)
    return shapes | _normed(f"{name}.model.{last + 1}", 1, dim, KERNEL)


def codebook(name: str, config: QuantizerConfig) -> Shapes:
    """What decodes semantic tokens."""
    shapes = _normed(f"{name}.out_project", config.input_dim, config.codebook_dim, 1)
    return shapes | {f"{name}.codebook.weight": (config.codebook_size, config.codebook_dim)}


def _ecapa_block(name: str, dim: int) -> Shapes:
    part = dim // ECAPA_SCALE
    shapes: Shapes = {}
    for index in (0, 2):
        shapes |= _affine(f"{name}.{index}.conv", dim, dim, 1)
        shapes |= _batch_norm(f"{name}.{index}.bn", dim)
    for index in range(ECAPA_SCALE - 1):
        shapes |= _affine(f"{name}.1.convs.{index}", part, part, 3)
        shapes |= _batch_norm(f"{name}.1.bns.{index}", part)
    shapes |= _affine(f"{name}.3.linear1", ECAPA_BOTTLENECK, dim)
    return shapes | _affine(f"{name}.3.linear2", dim, ECAPA_BOTTLENECK)


def ecapa(name: str, config: SpeakerConfig) -> Shapes:
    """ECAPA-TDNN; its pooled half is of training only, but stands in the file."""
    dim, wide = config.ecapa_channels, ECAPA_FEATURES
    shapes = _affine(f"{name}.layer1.conv", dim, config.input_dim, 5)
    shapes |= _batch_norm(f"{name}.layer1.bn", dim)
    for index in range(len(ECAPA_DILATIONS)):
        shapes |= _ecapa_block(f"{name}.layer{index + 2}.se_res2block", dim)
    return shapes | _affine(f"{name}.conv", wide, 3 * dim, 1)


def ecapa_pooling(name: str, config: SpeakerConfig) -> Shapes:
    """The pooled half of ECAPA-TDNN, which makes the x-vector: read by nobody at run time."""
    wide = ECAPA_FEATURES
    shapes = _affine(f"{name}.pool.linear1", ECAPA_BOTTLENECK, 3 * wide, 1)
    shapes |= _affine(f"{name}.pool.linear2", wide, ECAPA_BOTTLENECK, 1)
    return (
        shapes
        | _batch_norm(f"{name}.bn", 2 * wide)
        | _affine(f"{name}.linear", config.out_dim, 2 * wide)
    )


def perceiver(name: str, config: SpeakerConfig) -> Shapes:
    """The perceiver that makes `token_num` vectors of any number of frames."""
    dim, inside = config.latent_dim, PERCEIVER_HEADS * PERCEIVER_HEAD_DIM
    shapes = _affine(f"{name}.proj_context", dim, ECAPA_FEATURES)
    shapes |= {f"{name}.latents": (config.token_num, dim), f"{name}.norm.gamma": (dim,)}
    for index in range(PERCEIVER_LAYERS):
        layer = f"{name}.layers.{index}"
        shapes[f"{layer}.0.to_q.weight"] = (inside, dim)
        shapes[f"{layer}.0.to_kv.weight"] = (2 * inside, dim)
        shapes[f"{layer}.0.to_out.weight"] = (dim, inside)
        shapes |= _affine(f"{layer}.1.0", 2 * inner_dim(dim), dim)
        shapes |= _affine(f"{layer}.1.2", dim, inner_dim(dim))
    return shapes


def speaker_tokens(name: str, config: SpeakerConfig) -> Shapes:
    """From global tokens to the d-vector, and to the levels of the quantiser."""
    dim, levels = config.latent_dim, len(config.fsq_levels)
    shapes = _affine(f"{name}.quantizer.project_in", levels, dim)
    shapes |= _affine(f"{name}.quantizer.project_out", dim, levels)
    return shapes | _affine(f"{name}.project", config.out_dim, dim * config.token_num)


def decoding(config: BiCodecConfig) -> Shapes:
    """What speaking needs."""
    return {
        **codebook("quantizer", config.quantizer),
        **feature_decoder("prenet", config.prenet),
        **wave_generator("decoder", config.decoder),
        **speaker_tokens("speaker_encoder", config.speaker_encoder),
    }


def enrolment(config: BiCodecConfig) -> Shapes:
    """What hearing a reference recording needs."""
    speaker = config.speaker_encoder
    return {
        **ecapa("speaker_encoder.speaker_encoder", speaker),
        **perceiver("speaker_encoder.perceiver_sampler", speaker),
        **speaker_tokens("speaker_encoder", speaker),
    }


def training_only(config: BiCodecConfig) -> Shapes:
    """What stands in the file and is never read here."""
    quantizer = config.quantizer
    shapes = feature_encoder("encoder", config.encoder)
    shapes |= _normed("quantizer.in_project", quantizer.codebook_dim, quantizer.input_dim, 1)
    shapes["quantizer.cluster_size"] = (quantizer.codebook_size,)
    if config.postnet is not None:
        shapes |= feature_decoder("postnet", config.postnet)
    return shapes | ecapa_pooling("speaker_encoder.speaker_encoder", config.speaker_encoder)


def llm(config: LlmConfig) -> Shapes:
    """The Qwen2 language model."""
    dim, wide = config.hidden_size, config.intermediate_size
    keys = config.num_key_value_heads * config.head_dim
    shapes: Shapes = {"model.embed_tokens.weight": (config.vocab_size, dim)}
    for index in range(config.num_hidden_layers):
        layer = f"model.layers.{index}"
        shapes |= _affine(f"{layer}.self_attn.q_proj", dim, dim)
        shapes |= _affine(f"{layer}.self_attn.k_proj", keys, dim)
        shapes |= _affine(f"{layer}.self_attn.v_proj", keys, dim)
        shapes[f"{layer}.self_attn.o_proj.weight"] = (dim, dim)
        shapes |= {f"{layer}.mlp.{n}_proj.weight": (wide, dim) for n in ("gate", "up")}
        shapes[f"{layer}.mlp.down_proj.weight"] = (dim, wide)
        shapes[f"{layer}.input_layernorm.weight"] = (dim,)
        shapes[f"{layer}.post_attention_layernorm.weight"] = (dim,)
    shapes["model.norm.weight"] = (dim,)
    if not config.tie_word_embeddings:
        shapes["lm_head.weight"] = (config.vocab_size, dim)
    return shapes
