"""CosyVoice2's gRPC servers, that of the project and Triton: messages out, PCM back. Pure."""

from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

from streamtalk.proto.errors import RemoteGarbageError, RemoteServerError
from streamtalk.proto.synthesis import Voice
from streamtalk.tts.engine import Order
from streamtalk.tts.remote import wire
from streamtalk.tts.remote.cosyvoice import Speaker
from streamtalk.tts.remote.engine import Piece
from streamtalk.tts.remote.grpc_source import GrpcCall
from streamtalk.tts.remote.pcm import PcmAssembler
from streamtalk.tts.remote.prompt import Prompt
from streamtalk.tts.remote.settings import CosyVoiceSettings


class GrpcDialect:
    """`cosyvoice.CosyVoice/Inference` of the project."""

    def __init__(self, settings: CosyVoiceSettings, prompt: Prompt | None) -> None:
        self._settings = settings
        self._speaker = Speaker(settings)
        pcm = np.zeros(0) if prompt is None else prompt.audio * 32_767.0
        self._prompt_pcm = np.clip(np.rint(pcm), -32_768, 32_767).astype("<i2").tobytes()

    def voices(self) -> list[Voice]:
        """The speakers."""
        return self._speaker.list()

    def piece(self, order: Order) -> Piece[GrpcCall]:
        """One request; this server knows no rate."""
        language, voice, speaker = self._speaker.choose(order)
        message = self._request(order.text, speaker).SerializeToString()
        call = GrpcCall(wire.COSYVOICE_PATH, message, _read_cosyvoice)
        return Piece(call, PcmAssembler(self._settings.pcm_rate_hz), language, voice)

    def _request(self, text: str, speaker: str) -> Any:  # noqa: ANN401 — a class made at run time
        request, settings = wire.cosyvoice_message("Request")(), self._settings
        chosen = getattr(request, f"{settings.method}_request")
        chosen.tts_text = text
        if settings.method in {"sft", "instruct"}:
            chosen.spk_id = speaker
        if settings.method == "instruct":
            chosen.instruct_text = settings.instructions
        if settings.method in {"zero_shot", "cross_lingual"}:
            chosen.prompt_audio = self._prompt_pcm
        if settings.method == "zero_shot":
            chosen.prompt_text = settings.prompt_text
        return request


class TritonDialect:
    """A decoupled model of Triton: tensors in, `waveform` back in parts."""

    def __init__(self, settings: CosyVoiceSettings, prompt: Prompt) -> None:
        self._settings = settings
        self._prompt = prompt
        self._speaker = Speaker(settings)

    def voices(self) -> list[Voice]:
        """The voice of the prompt."""
        return self._speaker.list()

    def piece(self, order: Order) -> Piece[GrpcCall]:
        """One request; this server knows no rate."""
        language, voice, _ = self._speaker.choose(order)
        message = self._request(order.text).SerializeToString()
        call = GrpcCall(wire.TRITON_PATH, message, _read_triton, is_bidirectional=True)
        return Piece(call, PcmAssembler(self._settings.pcm_rate_hz, "<f4"), language, voice)

    def _request(self, text: str) -> Any:  # noqa: ANN401 — a class made at run time
        wav = self._prompt.audio
        request = wire.triton_message("ModelInferRequest")(model_name=self._settings.model)
        final = request.parameters.add(key="triton_enable_empty_final_response")
        final.value.bool_param = True
        tensors = [
            ("reference_wav", "FP32", [1, wav.size], wav.astype("<f4").tobytes()),
            ("reference_wav_len", "INT32", [1, 1], np.array([wav.size], "<i4").tobytes()),
            ("reference_text", "BYTES", [1, 1], _sized(self._prompt.text)),
            ("target_text", "BYTES", [1, 1], _sized(text)),
        ]
        for name, datatype, shape, raw in tensors:
            request.inputs.add(name=name, datatype=datatype, shape=shape)
            request.raw_input_contents.append(raw)
        request.outputs.add(name="waveform")
        return request


def _sized(text: str) -> bytes:
    raw = text.encode()
    return len(raw).to_bytes(4, "little") + raw


def _read_cosyvoice(message: bytes) -> bytes:
    pcm: bytes = _parsed(wire.cosyvoice_message("Response"), message).tts_audio
    return pcm


def _read_triton(message: bytes) -> bytes | None:
    answer = _parsed(wire.triton_message("ModelStreamInferResponse"), message)
    if answer.error_message:
        raise RemoteServerError("Triton failed in the model: see its log")
    parameters = {entry.key: entry.value for entry in answer.infer_response.parameters}
    raw = answer.infer_response.raw_output_contents
    final = parameters.get("triton_final_response")
    if final is not None and final.bool_param and not raw:
        return None
    outputs = answer.infer_response.outputs
    if [output.name for output in outputs[:1]] != ["waveform"] or not raw:
        raise RemoteGarbageError("Triton answered without a waveform: is that the right model?")
    pcm: bytes = raw[0]
    return pcm


def _parsed(kind: Any, message: bytes) -> Any:  # noqa: ANN401 — classes made at run time
    try:
        return kind.FromString(message)
    except DecodeError as error:
        raise RemoteGarbageError("the server sent what is no message of its protocol") from error
