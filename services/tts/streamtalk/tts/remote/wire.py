"""Protocol buffers of the gRPC servers, described here field by field: no generated code.

Numbers are those on the wire: CosyVoice's `runtime/python/grpc`, and of the KServe v2 protocol
(`inference.GRPCInferenceService`) what a decoupled model of Triton needs.
"""

import functools
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

COSYVOICE_PATH: Final = "/cosyvoice.CosyVoice/Inference"
TRITON_PATH: Final = "/inference.GRPCInferenceService/ModelStreamInfer"

_Field = tuple[str, int, str]
"""Name, number, and type: a scalar of `_SCALARS`, or a message; `*` before it: repeated."""

_SCALARS: Final = {
    "string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    "bytes": descriptor_pb2.FieldDescriptorProto.TYPE_BYTES,
    "bool": descriptor_pb2.FieldDescriptorProto.TYPE_BOOL,
    "int64": descriptor_pb2.FieldDescriptorProto.TYPE_INT64,
}

_COSYVOICE: Final[dict[str, list[_Field]]] = {
    "sftRequest": [("spk_id", 1, "string"), ("tts_text", 2, "string")],
    "zeroshotRequest": [
        ("tts_text", 1, "string"),
        ("prompt_text", 2, "string"),
        ("prompt_audio", 3, "bytes"),
    ],
    "crosslingualRequest": [("tts_text", 1, "string"), ("prompt_audio", 2, "bytes")],
    "instructRequest": [
        ("tts_text", 1, "string"),
        ("spk_id", 2, "string"),
        ("instruct_text", 3, "string"),
    ],
    "Request": [
        ("sft_request", 1, "sftRequest"),
        ("zero_shot_request", 2, "zeroshotRequest"),
        ("cross_lingual_request", 3, "crosslingualRequest"),
        ("instruct_request", 4, "instructRequest"),
    ],
    "Response": [("tts_audio", 1, "bytes")],
}
_PARAMETERS: Final = "*Entry"
"""A map is on the wire a repeated message of key and value."""

_TRITON: Final[dict[str, list[_Field]]] = {
    "InferParameter": [("bool_param", 1, "bool"), ("int64_param", 2, "int64")],
    "Entry": [("key", 1, "string"), ("value", 2, "InferParameter")],
    "Tensor": [("name", 1, "string"), ("datatype", 2, "string"), ("shape", 3, "*int64")],
    "ModelInferRequest": [
        ("model_name", 1, "string"),
        ("parameters", 4, _PARAMETERS),
        ("inputs", 5, "*Tensor"),
        ("outputs", 6, "*Tensor"),
        ("raw_input_contents", 7, "*bytes"),
    ],
    "ModelInferResponse": [
        ("parameters", 4, _PARAMETERS),
        ("outputs", 5, "*Tensor"),
        ("raw_output_contents", 6, "*bytes"),
    ],
    "ModelStreamInferResponse": [
        ("error_message", 1, "string"),
        ("infer_response", 2, "ModelInferResponse"),
    ],
}


def cosyvoice_message(name: str) -> Any:  # noqa: ANN401 — a class made when it is asked for
    """Class of a message of package `cosyvoice`."""
    return _classes("cosyvoice")[name]


def triton_message(name: str) -> Any:  # noqa: ANN401 — as above
    """Class of a message of package `inference`."""
    return _classes("inference")[name]


@functools.cache
def _classes(package: str) -> dict[str, Any]:
    messages = {"cosyvoice": _COSYVOICE, "inference": _TRITON}[package]
    file = descriptor_pb2.FileDescriptorProto(
        name=f"streamtalk/{package}.proto", package=package, syntax="proto3"
    )
    for name, fields in messages.items():
        described = file.message_type.add(name=name)
        for field in fields:
            _describe(described, package, *field)
    # A pool of our own: another client of the same server may be loaded in this process.
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = {name: pool.FindMessageTypeByName(f"{package}.{name}") for name in messages}
    return {name: message_factory.GetMessageClass(kind) for name, kind in found.items()}


def _describe(message: Any, package: str, name: str, number: int, kind: str) -> None:  # noqa: ANN401
    proto = descriptor_pb2.FieldDescriptorProto
    label = proto.LABEL_REPEATED if kind.startswith("*") else proto.LABEL_OPTIONAL
    kind = kind.removeprefix("*")
    field = message.field.add(name=name, number=number, label=label)
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type, field.type_name = proto.TYPE_MESSAGE, f".{package}.{kind}"
