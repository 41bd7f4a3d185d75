"""CosyVoice's own servers and Triton: requests as they want them, and every fault over gRPC."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streamtalk.proto.errors import (
    ConfigError,
    RemoteServerError,
)
from streamtalk.tts.engines.cosyvoice import CosyVoiceEngine
from streamtalk.tts.remote.settings import CosyVoiceSettings
from tests.support.voice_servers.grpc_server import tensors
from tests.support.voice_servers.http_server import PROSE
from tests.support.voice_servers.sound import tone, wav
from tests.tts.remote_scene import (
    PROMPT_TEXT,
    TEXT,
    grpc_scene,
    say,
    scene,
)

pytestmark = pytest.mark.process

EXPECTED = (np.frombuffer(tone(TEXT), "<i2") / 32_768).astype(np.float32)
INSTRUCTED: dict[str, Any] = {"voices": {"en": "英文女"}, "instructions": "Warmly."}


def test_error_of_the_model_in_triton_is_named() -> None:
    """A decoupled model tells its failure inside the stream."""
    with (
        grpc_scene("cosyvoice-triton", "model_error") as (engine, _),
        pytest.raises(RemoteServerError) as caught,
    ):
        say(engine)
    assert PROSE not in str(caught.value)


def test_triton_gets_the_recording_as_tensors() -> None:
    """Float samples at 16 kHz and their number, the texts with their lengths, and the model."""
    with grpc_scene("cosyvoice-triton", model="cosyvoice2_dit") as (engine, server):
        say(engine)
        (request,) = server.asked
    raw = tensors(request)
    samples = len(PROMPT_TEXT) * 60 * 16
    assert request.model_name == "cosyvoice2_dit"
    assert [output.name for output in request.outputs] == ["waveform"]
    assert {tensor.name: tensor.datatype for tensor in request.inputs} == {
        "reference_wav": "FP32",
        "reference_wav_len": "INT32",
        "reference_text": "BYTES",
        "target_text": "BYTES",
    }
    assert list(request.inputs[0].shape) == [1, samples]
    assert len(raw["reference_wav"]) == 4 * samples
    assert raw["reference_wav_len"] == samples.to_bytes(4, "little")
    assert raw["reference_text"] == b"\x06\0\0\0Hello."
    assert raw["target_text"][4:].decode() == TEXT


@pytest.mark.parametrize(
    "method, kind, expected",
    [
        ("sft", "sft_request", {"tts_text": TEXT, "spk_id": "英文女"}),
        ("zero_shot", "zero_shot_request", {"tts_text": TEXT, "prompt_text": PROMPT_TEXT}),
        ("cross_lingual", "cross_lingual_request", {"tts_text": TEXT}),
        (
            "instruct",
            "instruct_request",
            {"tts_text": TEXT, "spk_id": "英文女", "instruct_text": "Warmly."},
        ),
    ],
)
def test_grpc_request_is_that_of_the_method(
    method: str, kind: str, expected: dict[str, str]
) -> None:
    """One of four messages, the recording in it as s16le at 16 kHz where the method takes one."""
    chosen: dict[str, Any] = {
        "method": method,
        "voices": {"en": "英文女"},
        "instructions": "Warmly.",
    }
    with grpc_scene("cosyvoice-grpc", **chosen) as (engine, server):
        say(engine)
        (request,) = server.asked
    ((field, message),) = request.ListFields()
    fields = {part.name: value for part, value in message.ListFields()}
    recording = fields.pop("prompt_audio", b"")
    assert (field.name, fields) == (kind, expected)
    has_recording = method in {"zero_shot", "cross_lingual"}
    assert len(recording) == has_recording * len(PROMPT_TEXT) * 60 * 16 * 2


@pytest.mark.parametrize(
    "method, expected",
    [
        ("sft", {"tts_text": TEXT, "spk_id": "英文女"}),
        ("zero_shot", {"tts_text": TEXT, "prompt_text": PROMPT_TEXT, "prompt_wav": None}),
        ("cross_lingual", {"tts_text": TEXT, "prompt_wav": None}),
        ("instruct", {"tts_text": TEXT, "spk_id": "英文女", "instruct_text": "Warmly."}),
        ("instruct2", {"tts_text": TEXT, "instruct_text": "Warmly.", "prompt_wav": None}),
    ],
)
def test_http_form_is_that_of_the_method(method: str, expected: dict[str, Any]) -> None:
    """One address and one form a method, the recording uploaded as it is."""
    chosen: dict[str, Any] = {
        "method": method,
        "voices": {"en": "英文女"},
        "instructions": "Warmly.",
    }
    with scene("cosyvoice-http", **chosen) as (engine, server):
        assert say(engine).samples == EXPECTED.size
        (asked,) = server.asked
    assert asked.path == f"/inference_{method}"
    if "prompt_wav" in expected:
        expected = {**expected, "prompt_wav": wav(tone(PROMPT_TEXT))}
    assert asked.fields == expected


@pytest.mark.parametrize(
    "settings, advice",
    [
        ({"transport": "http"}, "prompt_wav"),
        ({"transport": "http", "prompt_wav": "x"}, "prompt_text"),
        ({"transport": "grpc", "method": "sft"}, "voices"),
        ({"transport": "http", "method": "instruct", "voices": {"en": "a"}}, "instructions"),
        ({"transport": "grpc", "method": "instruct2"}, "http or own"),
        ({"transport": "triton", "method": "sft"}, "prompt_wav"),
        ({"address": "somewhere"}, "address"),
        ({"transport": "grpc", "method": "sft", "voices": {"en": "a"}, "address": "x"}, "address"),
    ],
)
def test_what_a_method_lacks_is_said_at_the_start(settings: dict[str, Any], advice: str) -> None:
    """The error names the setting."""
    with pytest.raises(ConfigError, match=advice):
        CosyVoiceEngine(CosyVoiceSettings(**settings))


@pytest.mark.parametrize("raw", [None, b"no wav", wav(b""), wav(tone("x" * 600))])
def test_recording_that_cannot_be_used_is_said_while_loading(
    raw: bytes | None, tmp_path: Path
) -> None:
    """Missing, no sound file, empty, or over 30 s."""
    path = tmp_path / "prompt.wav"
    if raw is not None:
        path.write_bytes(raw)
    settings = CosyVoiceSettings(transport="http", prompt_wav=str(path), prompt_text="x")
    with pytest.raises(ConfigError, match="prompt"):
        CosyVoiceEngine(settings).load()
