"""Records what mlx-audio makes of the tiny Spark-TTS checkpoint: the values our tests expect.

Usage: spark_oracle.py    in an environment of its own, outside of the project:

    python -m venv oracle && oracle/bin/pip install mlx-audio==0.6.2 soxr 'mlx[cpu]' pyyaml msgspec
    PYTHONPATH=.:proto:services/runtime:services/tts oracle/bin/python tools/spark_oracle.py

None of our model runs here: the checkpoint is of `tiny_checkpoint.py`, every number of
mlx-audio. Three of its defects are worked around: it leaves the codec in training mode (it is
switched), the backbone guesses its layout when T == vocos_dim (it is given the other layout, in
which the guess is always right), and 512 channels of ECAPA are fixed (ours of the tests has 32).
"""

import functools
import hashlib
import importlib
import json
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml

from streamtalk.tts.spark.tiny_checkpoint import make_checkpoint
from tests.support.spark_signals import (
    DECODE_FRAMES,
    PROMPT,
    REFERENCE_S,
    STEPS,
    global_tokens,
    reference_signal,
    semantic_codes,
)

GOLDEN: Final = Path(__file__).resolve().parents[1] / "tests" / "tts" / "spark" / "golden"
MODEL: Final = "mlx_audio.tts.models.spark"
STRIDE: Final = 7
"""Every seventh logit is kept, so that the file stays small."""


def _mlx() -> Any:  # noqa: ANN401
    return importlib.import_module("mlx.core")


def load_codec(folder: Path) -> Any:  # noqa: ANN401
    """mlx-audio's BiCodec with the tiny weights, in evaluation mode."""
    bicodec: Any = importlib.import_module(f"{MODEL}.bicodec")
    encoder: Any = importlib.import_module(f"{MODEL}.modules.speaker.speaker_encoder")
    ecapa = importlib.import_module(f"{MODEL}.modules.speaker.ecapa_tdnn")
    config = yaml.safe_load((folder / "config.yaml").read_text())
    channels = config["audio_tokenizer"]["speaker_encoder"].pop("ecapa_channels")
    encoder.ECAPA_TDNN_GLOB_c512 = functools.partial(
        ecapa.ECAPA_TDNN, channels=channels, global_context_att=True
    )
    bicodec.load_config = lambda _: config
    model = bicodec.BiCodec.load_from_checkpoint(folder)
    model.train(mode=False)
    return model


class UnambiguousBackbone:
    """Hands the backbone (B, T, C), whose last axis always has the channels that it looks for."""

    def __init__(self, backbone: Any) -> None:  # noqa: ANN401
        self._backbone = backbone

    def __call__(self, x: Any, bandwidth_id: Any) -> Any:  # noqa: ANN401
        """(B, C, T) to (B, T, C)."""
        return self._backbone(x.transpose(0, 2, 1), bandwidth_id=bandwidth_id)


def record_decoding(model: Any) -> dict[str, Any]:  # noqa: ANN401
    """Samples of every length, and the d-vector."""
    mx = _mlx()
    tokens = mx.array([[global_tokens()]])
    arrays = {"dvector": np.array(model.speaker_encoder.detokenize(tokens))[0]}
    backbone = model.prenet.vocos_backbone
    dict.__setitem__(model.prenet, "vocos_backbone", UnambiguousBackbone(backbone))
    for frames in DECODE_FRAMES:
        samples = model.detokenize(mx.array([semantic_codes(frames)]), tokens)
        arrays[f"samples_{frames}"] = np.array(samples).reshape(-1)
    dict.__setitem__(model.prenet, "vocos_backbone", backbone)
    return arrays


def record_speaker(model: Any) -> dict[str, Any]:  # noqa: ANN401
    """Mel spectrogram, latents before the quantiser, and global tokens of reference signals."""
    mx = _mlx()
    arrays: dict[str, Any] = {}
    tokenizer = importlib.import_module(f"{MODEL}.audio_tokenizer").BiCodecTokenizer
    audio = importlib.import_module(f"{MODEL}.utils.audio")
    clip = object.__new__(tokenizer)
    clip.config = {"sample_rate": 16_000, "ref_segment_duration": 6, "latent_hop_length": 320}
    for seconds in REFERENCE_S:
        signal = audio.audio_volume_normalize(reference_signal(seconds))
        mel = model.get_mel_spectrogram(mx.array(clip.get_ref_clip(signal))[None])
        encoder = model.speaker_encoder
        features = encoder.speaker_encoder(mel, return_latent=True)[1].transpose(0, 2, 1)
        latents = encoder.quantizer.project_in(encoder.perceiver_sampler(features))
        arrays[f"mel_{seconds}"] = np.array(mel)[0, ::20]
        arrays[f"latents_{seconds}"] = np.array(latents)[0]
        arrays[f"tokens_{seconds}"] = np.array(encoder.tokenize(mel)).reshape(-1)
    return arrays


def record_llm(folder: Path) -> dict[str, Any]:
    """Logits after a prompt, then token by token with a cache."""
    mx = _mlx()
    qwen2 = importlib.import_module("mlx_audio.lm.models.qwen2")
    cache = importlib.import_module("mlx_audio.lm.models.cache")
    config = json.loads((folder / "config.json").read_text())
    model = qwen2.Model(qwen2.ModelArgs.from_dict(config))
    model.load_weights(list(mx.load(str(folder / "model.safetensors")).items()), strict=True)
    state = cache.make_prompt_cache(model)
    arrays = {"prefill": np.array(model(mx.array([PROMPT]), state))[0, :, ::STRIDE]}
    steps = [np.array(model(mx.array([[token]]), state))[0, 0, ::STRIDE] for token in STEPS]
    return {**arrays, "steps": np.stack(steps)}


def digest(folder: Path) -> str:
    """SHA-256 of every tensor file of the checkpoint, in order of their paths."""
    sha256 = hashlib.sha256()
    for path in sorted(folder.rglob("*.safetensors")):
        sha256.update(path.read_bytes())
    return sha256.hexdigest()


def main() -> int:
    """Write the golden arrays and where they come from."""
    GOLDEN.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        folder = make_checkpoint(Path(directory))
        model = load_codec(folder / "BiCodec")
        np.savez_compressed(GOLDEN / "decoding.npz", **record_decoding(model))
        np.savez_compressed(GOLDEN / "speaker.npz", **record_speaker(model))
        np.savez_compressed(GOLDEN / "llm.npz", **record_llm(folder / "LLM"))
        origin = {
            "oracle": {name: version(name) for name in ("mlx-audio", "mlx", "soxr", "numpy")},
            "python": platform.python_version(),
            "command": f"python {Path(sys.argv[0]).name}",
            "checkpoint_sha256": digest(folder),
        }
    (GOLDEN / "origin.json").write_text(json.dumps(origin, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
