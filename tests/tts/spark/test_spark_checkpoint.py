"""A checkpoint is found in either layout, and what is wrong with one is named."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

pytest.importorskip("mlx.core", reason="MLX has no wheel for this machine")

import mlx.core as mx

from streamtalk.proto.errors import EngineError, EngineMissingError
from streamtalk.tts.spark.bicodec import load_decoder
from streamtalk.tts.spark.checkpoint import Checkpoint
from streamtalk.tts.spark.qwen2 import load_llm
from streamtalk.tts.spark.speaker import load_speaker
from streamtalk.tts.spark.tensors_file import read_header
from streamtalk.tts.spark.tiny_checkpoint import make_checkpoint, write_safetensors
from tests.support.spark_signals import PROMPT, global_tokens, semantic_codes

pytestmark = pytest.mark.contract

CODEC = "BiCodec/model.safetensors"


def _tensors(path: Path) -> dict[str, NDArray[np.float32]]:
    loaded = mx.load(str(path))
    assert isinstance(loaded, dict)
    return {name: np.array(array) for name, array in loaded.items()}


@pytest.fixture
def copy(tiny: Path, tmp_path: Path) -> Path:
    """A checkpoint that the test may damage."""
    return Path(shutil.copytree(tiny, tmp_path / "spark"))


def _samples(folder: Path) -> NDArray[np.float32]:
    decoder = load_decoder(Checkpoint(folder))
    return np.array(decoder.decode(semantic_codes(3), decoder.condition(global_tokens())))


def test_conversion_to_mlx_is_the_same_model(tiny: Path, tmp_path: Path) -> None:
    """The language model at the root, no audio settings: the published ones apply."""
    folder = make_checkpoint(tmp_path, "mlx")
    (folder / "audio_tokenizer_config.yaml").unlink()
    checkpoint = Checkpoint(folder)
    assert checkpoint.audio == Checkpoint(tiny).audio
    assert checkpoint.llm == Checkpoint(tiny).llm
    assert checkpoint.tokenizer().token_to_id("<|bicodec_semantic_0|>") is not None
    assert (_samples(folder) == _samples(tiny)).all()


def test_convolutions_of_mlx_are_turned_back(copy: Path, tiny: Path) -> None:
    """A codec saved with the axes and the names of MLX decodes to the same samples."""
    turned = {}
    for name, array in _tensors(tiny / CODEC).items():
        upsampling = name.startswith("decoder.") and name.endswith("block.1.weight_v")
        upsampling = upsampling and name.count("block") == 1
        axes = (1, 2, 0) if upsampling else (0, 2, 1)
        changed = np.ascontiguousarray(array.transpose(axes)) if array.ndim == 3 else array
        turned[name.replace(".block.", ".block.layers.")] = changed
    write_safetensors(copy / CODEC, turned)
    np.testing.assert_allclose(_samples(copy), _samples(tiny), atol=1e-6)


def test_quantised_conversion_is_read_as_it_is(copy: Path, tiny: Path) -> None:
    """A language model that was published in 8 bits speaks like ours quantised here."""
    arrays: dict[str, mx.array] = {}
    for name, array in _tensors(tiny / "LLM/model.safetensors").items():
        if array.ndim != 2:
            arrays[name] = mx.array(array).astype(mx.bfloat16)
            continue
        stem = name.removesuffix(".weight")
        weight = mx.array(array).astype(mx.bfloat16)
        packed, scales, biases = mx.quantize(weight, group_size=64, bits=8)
        arrays |= {name: packed, f"{stem}.scales": scales, f"{stem}.biases": biases}
    mx.save_safetensors(str(copy / "LLM/model.safetensors"), arrays)
    config = json.loads((copy / "LLM/config.json").read_text())
    config["quantization"] = {"group_size": 64, "bits": 8, "mode": "affine"}
    (copy / "LLM/config.json").write_text(json.dumps(config))
    logits = []
    for folder in (copy, tiny):
        model = load_llm(Checkpoint(folder), "q8")
        logits.append(
            np.array(model.head(range(99))(model.hidden(mx.array(PROMPT), model.cache())))
        )
    assert np.corrcoef(logits[0].ravel(), logits[1].ravel())[0, 1] > 0.998


def test_sharded_language_model_is_read_whole(copy: Path, tiny: Path) -> None:
    """Tensors in two files are those of one."""
    whole = copy / "LLM/model.safetensors"
    tensors = list(_tensors(whole).items())
    whole.unlink()
    for index, part in enumerate((tensors[:9], tensors[9:]), 1):
        write_safetensors(copy / f"LLM/model-0000{index}-of-00002.safetensors", dict(part))
    sharded, single = (Checkpoint(folder).llm_weights() for folder in (copy, tiny))
    assert sharded.keys() == single.keys()
    assert all((np.array(sharded[name]) == np.array(single[name])).all() for name in single)


@pytest.mark.parametrize(
    "name",
    ["LLM/config.json", "LLM/tokenizer.json", "BiCodec/config.yaml", CODEC, "config.yaml"],
)
def test_missing_file_is_named(copy: Path, name: str) -> None:
    """With what to do."""
    (copy / name).unlink()
    with pytest.raises(EngineMissingError, match=f"{name} is missing; download"):
        Checkpoint(copy)


def test_missing_weights_of_the_language_model_are_named(copy: Path) -> None:
    """They may be one file or several."""
    (copy / "LLM/model.safetensors").unlink()
    with pytest.raises(EngineMissingError, match=r"LLM/model\.safetensors is missing"):
        Checkpoint(copy).llm_weights()


def test_folder_that_is_none_is_named(tmp_path: Path) -> None:
    """A slip in the configuration."""
    with pytest.raises(EngineMissingError, match="nowhere is no folder"):
        Checkpoint(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "load,name,file",
    [
        (load_decoder, "decoder.model.2.block.1.weight_v", CODEC),
        (load_decoder, "quantizer.codebook.weight", CODEC),
        (load_speaker, "speaker_encoder.perceiver_sampler.latents", CODEC),
        (load_llm, "model.layers.1.mlp.up_proj.weight", "LLM/model.safetensors"),
    ],
)
def test_wrong_tensor_is_named(
    copy: Path, load: Callable[[Checkpoint], object], name: str, file: str
) -> None:
    """One of another shape with both shapes, then one that lacks."""
    tensors = _tensors(copy / file)
    shape = tensors[name].shape
    tensors[name] = tensors[name][1:]
    write_safetensors(copy / file, tensors)
    with pytest.raises(EngineError) as caught:
        load(Checkpoint(copy))
    for part in (name, str((shape[0] - 1, *shape[1:])), f"asks for {shape}"):
        assert part in str(caught.value)
    del tensors[name]
    write_safetensors(copy / file, tensors)
    with pytest.raises(EngineError, match=f"lacks tensor {name} of shape"):
        load(Checkpoint(copy))


def test_tensor_of_integers_is_refused(copy: Path) -> None:
    """A quantised file without its table would be noise."""
    tensors: dict[str, NDArray[np.generic]] = dict(_tensors(copy / CODEC))
    tensors["prenet.linear.weight"] = np.zeros((64, 32), np.uint32)
    write_safetensors(copy / CODEC, tensors)
    with pytest.raises(EngineError, match=r"prenet\.linear\.weight has type U32, not a float"):
        load_decoder(Checkpoint(copy))


@pytest.mark.parametrize("kept_bytes", [0, 5, 100, 200_000])
def test_truncated_file_is_named(copy: Path, kept_bytes: int) -> None:
    """A download that broke off, in the header or in the data."""
    path = copy / CODEC
    path.write_bytes(path.read_bytes()[:kept_bytes])
    with pytest.raises(EngineError, match=r"BiCodec/model\.safetensors is damaged"):
        load_decoder(Checkpoint(copy))


@given(st.binary(max_size=300))
def test_header_of_any_bytes_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """No other error, however the file is damaged."""
    path = tmp_path_factory.mktemp("header") / "a.safetensors"
    path.write_bytes(len(content).to_bytes(8, "little") + content)
    if content.strip() == b"{}":
        assert read_header(path) == {}
        return
    with pytest.raises(EngineError, match="is damaged"):
        read_header(path)


@pytest.mark.parametrize(
    "info,problem",
    [
        ({"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}, "3 values of F32 do not fill 8"),
        ({"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}, "negative"),
        ({"dtype": "F32", "shape": [2], "data_offsets": [-8, 0]}, "negative"),
        ({"dtype": "F32", "shape": [2]}, "does not parse"),
        ({"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}, "should have"),
    ],
)
def test_tensor_that_lies_outside_of_its_file_is_refused(
    tmp_path: Path, info: dict[str, object], problem: str
) -> None:
    """Its values would be other memory."""
    header = json.dumps({"a": info}).encode()
    path = tmp_path / "a.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    with pytest.raises(EngineError, match=problem):
        read_header(path)


@pytest.mark.parametrize(
    "table,changes,problem",
    [
        ("decoder", {"rates": [8, 5, 4]}, "differ in length"),
        ("decoder", {"channels": 100}, "cannot be halved 4 times"),
        ("decoder", {"kernel_sizes": [16, 12, 8, 4]}, "even number"),
        ("decoder", {"input_channel": 65}, "65 is not prenet.out_channels 64"),
        ("prenet", {"sample_ratios": [2, 1]}, "only 1 is supported"),
        ("prenet", {"input_channels": 0}, "prenet.input_channels"),
        ("quantizer", {"input_dim": 32}, "is not prenet.input_channels"),
        ("speaker_encoder", {"fsq_num_quantizers": 2}, "fsq_num_quantizers"),
    ],
)
def test_configuration_that_does_not_fit_is_named(
    copy: Path, table: str, changes: dict[str, object], problem: str
) -> None:
    """Before any tensor is read."""
    path = copy / "BiCodec/config.yaml"
    content = yaml.safe_load(path.read_text())
    content["audio_tokenizer"][table] |= changes
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(EngineError, match=problem):
        Checkpoint(copy)


@pytest.mark.parametrize(
    "name,content,problem",
    [
        ("BiCodec/config.yaml", "a: [", "is no YAML"),
        ("BiCodec/config.yaml", "7", "holds no table"),
        ("config.yaml", "sample_rate: fast", "sample_rate"),
        ("LLM/config.json", "{", "is no JSON"),
        ("LLM/config.json", '{"hidden_size": 64}', "num_hidden_layers"),
    ],
)
def test_configuration_that_does_not_parse_is_named(
    copy: Path, name: str, content: str, problem: str
) -> None:
    """The file, and the place in it."""
    (copy / name).write_text(content)
    with pytest.raises(EngineError, match=f"{name}.*{problem}"):
        Checkpoint(copy)


def test_tokenizer_that_does_not_parse_is_named(copy: Path) -> None:
    """The library's own error comes as ours."""
    (copy / "LLM/tokenizer.json").write_text("{}")
    with pytest.raises(EngineError, match=r"tokenizer\.json is no tokenizer"):
        Checkpoint(copy).tokenizer()
