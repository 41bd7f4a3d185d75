"""CosyVoice's own gRPC server and a decoupled model of Triton, by hand-read protocol buffers."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

import grpc
import numpy as np

from streamtalk.tts.remote.wire import (
    COSYVOICE_PATH,
    TRITON_PATH,
    cosyvoice_message,
    triton_message,
)
from tests.support.voice_servers.http_server import PROSE
from tests.support.voice_servers.sound import bent, cut, tone

STATUSES: Final = {
    "unauthorized": grpc.StatusCode.UNAUTHENTICATED,
    "rate_limited": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "bad_request": grpc.StatusCode.INVALID_ARGUMENT,
    "no_such_path": grpc.StatusCode.UNIMPLEMENTED,
    "failing": grpc.StatusCode.INTERNAL,
    "reset": grpc.StatusCode.UNAVAILABLE,
}


class GrpcVoiceServer:
    """Both services on one port; `fault` may be changed while it runs."""

    def __init__(self) -> None:
        self.port = 0
        self.fault = "none"
        self.asked: list[Any] = []
        """Requests, parsed."""

        self.gone = threading.Event()
        """Set when a client cancelled before its answer was whole."""

        self.begun = threading.Event()
        self._released = threading.Event()

    @property
    def url(self) -> str:
        """Its address, host and port as gRPC wants it."""
        return f"127.0.0.1:{self.port}"

    @contextmanager
    def serving(self, port: int = 0) -> Iterator["GrpcVoiceServer"]:
        """Serve until the block ends; then every call is broken off."""
        self._released.clear()
        with ThreadPoolExecutor(8) as pool:
            server = grpc.server(pool, options=[("grpc.so_reuseport", 0)])
            server.add_generic_rpc_handlers((_Handlers(self),))
            self.port = server.add_insecure_port(f"127.0.0.1:{port}")
            server.start()
            try:
                yield self
            finally:
                self._released.set()
                server.stop(0).wait(10)

    def answer(self, text: str, context: Any) -> Iterator[bytes]:  # noqa: ANN401 — grpc has no types
        """PCM in parts, as the fault has it."""
        fault, is_whole = self.fault, threading.Event()

        def left() -> None:
            if not is_whole.is_set():
                self.gone.set()

        context.add_callback(left)
        if fault == "stall_early":
            self.hang(context)
            return
        if fault in STATUSES and fault != "reset":
            context.abort(STATUSES[fault], PROSE)
        whole = bent(tone(text), fault)
        sizes = (1, 3, 4_801, 2, 999) if fault == "odd_splits" else (4_800,)
        number = 0
        for number, part in enumerate(cut(whole, sizes)):
            if number == 2 and fault == "reset":
                context.abort(STATUSES[fault], PROSE)
            if number == 2 and fault == "stall":
                self.hang(context)
                return
            yield part
            self.begun.set()
        while fault == "endless" and context.is_active():
            yield whole
        is_whole.set()

    def hang(self, context: Any) -> None:  # noqa: ANN401 — grpc has no types
        """Say nothing more until the client hangs up, or the server ends."""
        left = threading.Event()
        if context.add_callback(left.set):
            while not (left.wait(0.005) or self._released.is_set()):
                pass
            if not left.is_set():  # An answer that just ended here would pass for a whole one.
                context.abort(grpc.StatusCode.UNAVAILABLE, PROSE)

    def cosyvoice(self, raw: bytes, context: Any) -> Iterator[bytes]:  # noqa: ANN401 — grpc has no types
        """`cosyvoice.CosyVoice/Inference`."""
        request = cosyvoice_message("Request").FromString(raw)
        self.asked.append(request)
        (_, chosen), *_ = request.ListFields()
        for part in self.answer(chosen.tts_text, context):
            yield cosyvoice_message("Response")(tts_audio=part).SerializeToString()

    def triton(self, raws: Iterator[bytes], context: Any) -> Iterator[bytes]:  # noqa: ANN401 — as above
        """`inference.GRPCInferenceService/ModelStreamInfer`, one request a stream."""
        request = triton_message("ModelInferRequest").FromString(next(raws))
        self.asked.append(request)
        text = tensors(request)["target_text"][4:].decode()
        if self.fault == "model_error":
            yield triton_message("ModelStreamInferResponse")(
                error_message=PROSE
            ).SerializeToString()
            return
        half = b""
        for part in self.answer(text, context):
            raw = half + part
            half = raw[len(raw) - len(raw) % 2 :]
            yield _triton_part(raw[: len(raw) - len(half)])
        last = triton_message("ModelStreamInferResponse")()
        last.infer_response.parameters.add(key="triton_final_response").value.bool_param = True
        yield last.SerializeToString()


def tensors(request: Any) -> dict[str, bytes]:  # noqa: ANN401 — a class made at run time
    """Raw contents of a request's inputs, by name."""
    names = [tensor.name for tensor in request.inputs]
    return dict(zip(names, request.raw_input_contents, strict=True))


def _triton_part(pcm: bytes) -> bytes:
    answer = triton_message("ModelStreamInferResponse")()
    samples = (np.frombuffer(pcm, "<i2") / 32_768).astype("<f4")
    answer.infer_response.outputs.add(name="waveform", datatype="FP32", shape=[1, samples.size])
    answer.infer_response.raw_output_contents.append(samples.tobytes())
    answer.infer_response.parameters.add(key="triton_final_response").value.bool_param = False
    raw: bytes = answer.SerializeToString()
    return raw


class _Handlers(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Bytes in, bytes out, by path."""

    def __init__(self, server: GrpcVoiceServer) -> None:
        self._by_path = {
            COSYVOICE_PATH: grpc.unary_stream_rpc_method_handler(server.cosyvoice),
            TRITON_PATH: grpc.stream_stream_rpc_method_handler(server.triton),
        }

    def service(self, details: Any) -> Any:  # noqa: ANN401 — grpc has no types
        """The handler of a path, or None."""
        return self._by_path.get(details.method)
