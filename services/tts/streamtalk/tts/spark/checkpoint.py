"""Finds a Spark-TTS checkpoint in a folder, checks it against its configuration and reads it.

Two layouts are known. SparkAudio's: `config.yaml`, `LLM/`, `BiCodec/`. A conversion to MLX: the
language model at the root, `audio_tokenizer_config.yaml` (often missing), `BiCodec/`.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import yaml
from tokenizers import Tokenizer

from streamtalk.proto.errors import EngineError, EngineMissingError
from streamtalk.tts.spark import shapes
from streamtalk.tts.spark.architecture import AudioConfig, BiCodecConfig, LlmConfig
from streamtalk.tts.spark.weights import Weights, read_weights

Model = TypeVar("Model", bound=msgspec.Struct)

_CONFIG_LIMIT_BYTES: Final = 1_000_000
_TOKENIZER_LIMIT_BYTES: Final = 64_000_000


@dataclass(frozen=True)
class CheckpointFolders:
    """Where the parts of a checkpoint lie."""

    llm: Path
    """Folder of `config.json`, `tokenizer.json` and the tensors of the language model."""

    bicodec: Path
    """Folder of `config.yaml` and the tensors of the codec."""

    audio: Path | None
    """The file with the audio settings; None: the published values apply."""


def find_checkpoint(folder: Path) -> CheckpointFolders:
    """Tell the layout of `folder`.

    Raises:
        EngineMissingError: no checkpoint is there, or a part of it is missing; says which.
    """
    if not folder.is_dir():
        raise EngineMissingError(f"{folder} is no folder; download the Spark-TTS checkpoint to it")
    inner = folder / "LLM"
    llm = inner if inner.is_dir() else folder
    bicodec = folder / "BiCodec"
    for path in (llm / "config.json", llm / "tokenizer.json", bicodec / "config.yaml"):
        _require(path)
    _require(bicodec / "model.safetensors")
    names = ("config.yaml", "audio_tokenizer_config.yaml")
    audio = next((folder / name for name in names if (folder / name).is_file()), None)
    if audio is None and llm is inner:
        _require(folder / "config.yaml")
    return CheckpointFolders(llm, bicodec, audio)


def identity(folder: Path) -> str:
    """A hash of the names, sizes and times of a checkpoint's files: reading all takes seconds."""
    found = find_checkpoint(folder)
    files = [*found.llm.glob("model*.safetensors"), *found.llm.glob("*.json")]
    files += [found.bicodec / "config.yaml", found.bicodec / "model.safetensors"]
    seen = [(str(path.relative_to(folder)), path.stat()) for path in sorted(files)]
    rows = [(name, stat.st_size, stat.st_mtime_ns) for name, stat in seen]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


class Checkpoint:
    """A checkpoint whose configuration is read and fits together; tensors are read on request.

    Raises:
        EngineMissingError: a file is missing.
        EngineError: a file is damaged, or a value in it cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self.folders = find_checkpoint(folder)
        self.audio = _read_audio(self.folders.audio)
        self.llm = _read_llm(self.folders.llm / "config.json")
        self.bicodec = _read_bicodec(self.folders.bicodec / "config.yaml")

    def tokenizer(self) -> Tokenizer:
        """The byte-level BPE with the tokens of Spark."""
        path = self.folders.llm / "tokenizer.json"
        try:
            return Tokenizer.from_str(_read(path, _TOKENIZER_LIMIT_BYTES).decode())
        except Exception as error:  # the library raises nothing narrower
            raise EngineError(f"{path} is no tokenizer: {error}; download it again") from error

    def llm_weights(self) -> Weights:
        """Every tensor of the language model."""
        files = sorted(self.folders.llm.glob("model*.safetensors"))
        if not files:
            _require(self.folders.llm / "model.safetensors")
        return read_weights(files, shapes.llm(self.llm), self.llm.quantization)

    def decoding_weights(self) -> Weights:
        """The tensors that make samples of tokens."""
        return self._codec(shapes.decoding(self.bicodec))

    def enrolment_weights(self) -> Weights:
        """The tensors that make global tokens of a recording."""
        return self._codec(shapes.enrolment(self.bicodec))

    def _codec(self, expected: shapes.Shapes) -> Weights:
        return read_weights([self.folders.bicodec / "model.safetensors"], expected)


def _require(path: Path) -> None:
    if not path.is_file():
        raise EngineMissingError(f"{path} is missing; download the Spark-TTS checkpoint again")


def _read(path: Path, limit_bytes: int = _CONFIG_LIMIT_BYTES) -> bytes:
    if path.stat().st_size > limit_bytes:
        raise EngineError(f"{path} has more than {limit_bytes} bytes; download it again")
    return path.read_bytes()


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(_read(path))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise EngineError(f"{path} is no YAML: {error}") from error
    if not isinstance(content, dict):
        raise EngineError(f"{path} holds no table")
    return content


def _convert(path: Path, content: object, kind: type[Model]) -> Model:
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        raise EngineError(f"{path}: {error}") from error


def _read_audio(path: Path | None) -> AudioConfig:
    return AudioConfig() if path is None else _convert(path, _read_yaml(path), AudioConfig)


def _read_llm(path: Path) -> LlmConfig:
    try:
        content = msgspec.json.decode(_read(path))
    except msgspec.DecodeError as error:
        raise EngineError(f"{path} is no JSON: {error}") from error
    config = _convert(path, content, LlmConfig)
    heads = config.num_attention_heads
    if config.hidden_size % heads or heads % config.num_key_value_heads:
        raise EngineError(f"{path}: hidden_size, heads and key-value heads do not divide")
    return config


def _read_bicodec(path: Path) -> BiCodecConfig:
    content = _read_yaml(path)
    config = _convert(path, content.get("audio_tokenizer", content), BiCodecConfig)
    if problem := config.problem():
        raise EngineError(f"{path}: {problem}")
    return config
