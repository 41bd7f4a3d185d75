"""Makes a small random Spark-TTS checkpoint in either file layout, without any framework.

Rates, kernels, layer counts and tokens are the real ones, so frames, contexts and prompts are too;
only widths are small. The same seed makes the same bytes.
"""

import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import numpy as np
import yaml
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from streamtalk.tts.spark import shapes
from streamtalk.tts.spark.architecture import BiCodecConfig, LlmConfig

Layout = Literal["sparkaudio", "mlx"]

VOCOS_DIM: Final = 32
FEATURES: Final = 64
SENTENCES: Final = (
    "hello there how are you it is a fine day and the cat sat on the mat",
    "the quick brown fox jumps over the lazy dog while it rains",
)
STYLES: Final = {"age": 5, "gender": 2, "emotion": 25}
LOUDNESS: Final = "decoder.model.6.weight_g"
LEVELS: Final = {
    "pitch": 1_001,
    "pitch_var": 11,
    "loudness": 31,
    "speed": 11,
}
TASKS: Final = ("vc", "tts", "asr", "s2s", "t2s", "understand", "cap", "controllable_tts")
TASKS_LATER: Final = ("prompt_tts", "edit")
SPANS: Final = ("content", "style_label", "global_token", "semantic_token", "acoustic_token")


def spark_tokens() -> Iterator[str]:
    """Every token that Spark adds to the vocabulary of Qwen2."""
    yield from ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
    yield from (f"<|task_{name}|>" for name in TASKS + TASKS_LATER)
    yield from (f"<|{edge}_{name}|>" for name in SPANS for edge in ("start", "end"))
    for name, count in STYLES.items():
        yield from (f"<|{name}_{index}|>" for index in range(count))
    for name, count in LEVELS.items():
        yield from (f"<|{name}_label_{index}|>" for index in range(5))
        yield from (f"<|{name}_value_{index}|>" for index in range(count))
    yield from (f"<|bicodec_global_{index}|>" for index in range(4_096))
    yield from (f"<|bicodec_semantic_{index}|>" for index in range(8_192))


def bicodec_config() -> dict[str, Any]:
    """The published configuration with small widths."""
    vocos = {"vocos_dim": VOCOS_DIM, "vocos_intermediate_dim": 64, "out_channels": FEATURES}
    features = {"input_channels": FEATURES, **vocos, "sample_ratios": [1, 1]}
    return {
        "mel_params": {
            "sample_rate": 16_000,
            "n_fft": 1_024,
            "win_length": 640,
            "hop_length": 320,
            "mel_fmin": 10,
            "mel_fmax": None,
            "num_mels": 128,
        },
        "encoder": {**features, "vocos_num_layers": 1},
        "decoder": {
            "input_channel": FEATURES,
            "channels": 128,
            "rates": [8, 5, 4, 2],
            "kernel_sizes": [16, 11, 8, 4],
        },
        "quantizer": {
            "input_dim": FEATURES,
            "codebook_size": 8_192,
            "codebook_dim": 8,
            "commitment": 0.25,
            "codebook_loss_weight": 2.0,
            "use_l2_normlize": True,
            "threshold_ema_dead_code": 0.2,
        },
        "speaker_encoder": {
            "input_dim": 128,
            "out_dim": FEATURES,
            "latent_dim": 16,
            "token_num": 32,
            "fsq_levels": [4] * 6,
            "fsq_num_quantizers": 1,
            "ecapa_channels": 32,
        },
        "prenet": {
            **features,
            "vocos_num_layers": 12,
            "condition_dim": FEATURES,
            "use_tanh_at_final": False,
        },
        "postnet": {**features, "vocos_num_layers": 1, "use_tanh_at_final": False},
    }


def llm_config(vocabulary: int, eos: int | None) -> dict[str, Any]:
    """Qwen2 of three layers."""
    return {
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "hidden_size": 64,
        "num_hidden_layers": 3,
        "intermediate_size": 128,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "vocab_size": vocabulary,
        "max_position_embeddings": 4_096,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1_000_000.0,
        "tie_word_embeddings": True,
        "eos_token_id": eos,
    }


def make_tokenizer() -> Tokenizer:
    """A byte-level BPE of a few merges with every token of Spark behind it."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.add_special_tokens(list(spark_tokens()))
    return tokenizer


def random_tensor(name: str, shape: tuple[int, ...], seed: int) -> NDArray[np.float32]:
    """Values of a scale at which deep layers neither vanish nor saturate."""
    digest = hashlib.sha256(f"{seed} {name}".encode()).digest()
    random = np.random.default_rng(int.from_bytes(digest[:8], "little"))
    if name.endswith(("running_var", "alpha", "weight_g")):
        small = name.endswith("weight_g") and name.count("block") > 1
        scale = 0.3 if small or name == LOUDNESS else 1.0
        return (scale * random.uniform(0.5, 1.5, shape)).astype(np.float32)
    if name.endswith(("norm.weight", "layernorm.weight", "bn.weight", "gamma", "scale.bias")):
        return random.uniform(0.7, 1.3, shape).astype(np.float32)
    if len(shape) == 1:
        return random.normal(0, 0.1, shape).astype(np.float32)
    if name.endswith("embed_tokens.weight"):  # larger, and every token would repeat itself
        return random.normal(0, 0.3, shape).astype(np.float32)
    if name.endswith(("codebook.weight", "latents")):
        return random.normal(0, 1, shape).astype(np.float32)
    return random.normal(0, 1 / math.sqrt(math.prod(shape[1:])), shape).astype(np.float32)


def write_safetensors(path: Path, tensors: dict[str, NDArray[Any]]) -> None:
    """Write the format of safetensors: length, JSON header, data."""
    kinds = {"float32": "F32", "float16": "F16", "uint32": "U32", "int64": "I64"}
    header: dict[str, Any] = {}
    offset = 0
    for name, array in tensors.items():
        end = offset + array.nbytes
        kind = kinds[array.dtype.name]
        offsets = [offset, end]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": offsets}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for array in tensors.values():
            file.write(np.ascontiguousarray(array).tobytes())


def _tensors(expected: shapes.Shapes, seed: int) -> dict[str, NDArray[np.float32]]:
    return {name: random_tensor(name, shape, seed) for name, shape in sorted(expected.items())}


def write_llm(folder: Path, seed: int) -> None:
    """Write `config.json`, `tokenizer.json` and the tensors of the language model."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = make_tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    config = llm_config(tokenizer.get_vocab_size(), tokenizer.token_to_id("<|im_end|>"))
    (folder / "config.json").write_text(json.dumps(config))
    expected = shapes.llm(msgspec.convert(config, LlmConfig))
    write_safetensors(folder / "model.safetensors", _tensors(expected, seed))


def write_bicodec(folder: Path, seed: int) -> None:
    """Write `config.yaml` and every tensor of the codec, those of training included."""
    folder.mkdir(parents=True, exist_ok=True)
    config = bicodec_config()
    (folder / "config.yaml").write_text(yaml.safe_dump({"audio_tokenizer": config}))
    parsed = msgspec.convert(config, BiCodecConfig)
    expected = shapes.decoding(parsed) | shapes.enrolment(parsed) | shapes.training_only(parsed)
    write_safetensors(folder / "model.safetensors", _tensors(expected, seed))


def make_checkpoint(folder: Path, layout: Layout = "sparkaudio", seed: int = 1) -> Path:
    """Write a whole checkpoint, but for wav2vec2; returns `folder`."""
    write_llm(folder / "LLM" if layout == "sparkaudio" else folder, seed)
    write_bicodec(folder / "BiCodec", seed)
    names = {"sparkaudio": "config.yaml", "mlx": "audio_tokenizer_config.yaml"}
    audio = {
        "sample_rate": 16_000,
        "latent_hop_length": 320,
        "ref_segment_duration": 6,
        "volume_normalize": True,
    }
    (folder / names[layout]).write_text(yaml.safe_dump(audio))
    return folder
