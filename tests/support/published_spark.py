"""The configuration of the published Spark-TTS-0.5B, as far as sizes and costs follow from it."""

from typing import Any, Final

_FEATURES: Final[dict[str, Any]] = {
    "input_channels": 1_024,
    "vocos_dim": 384,
    "vocos_intermediate_dim": 2_048,
    "vocos_num_layers": 12,
    "out_channels": 1_024,
    "sample_ratios": [1, 1],
}

BICODEC: Final[dict[str, Any]] = {
    "mel_params": {
        "sample_rate": 16_000,
        "n_fft": 1_024,
        "win_length": 640,
        "hop_length": 320,
        "mel_fmin": 10,
        "mel_fmax": None,
        "num_mels": 128,
    },
    "encoder": _FEATURES,
    "decoder": {
        "input_channel": 1_024,
        "channels": 1_536,
        "rates": [8, 5, 4, 2],
        "kernel_sizes": [16, 11, 8, 4],
    },
    "quantizer": {"input_dim": 1_024, "codebook_size": 8_192, "codebook_dim": 8},
    "speaker_encoder": {
        "input_dim": 128,
        "out_dim": 1_024,
        "latent_dim": 128,
        "token_num": 32,
        "fsq_levels": [4, 4, 4, 4, 4, 4],
        "fsq_num_quantizers": 1,
    },
    "prenet": {**_FEATURES, "condition_dim": 1_024},
    "postnet": {**_FEATURES, "vocos_num_layers": 6},
}

LLM: Final[dict[str, Any]] = {
    "hidden_size": 896,
    "num_hidden_layers": 24,
    "intermediate_size": 4_864,
    "num_attention_heads": 14,
    "num_key_value_heads": 2,
    "vocab_size": 166_000,
    "rms_norm_eps": 1e-6,
    "rope_theta": 1_000_000.0,
    "tie_word_embeddings": True,
    "eos_token_id": 151_645,
}
