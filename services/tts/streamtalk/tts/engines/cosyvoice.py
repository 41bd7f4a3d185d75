"""CosyVoice2, which runs elsewhere: by its own servers, by Triton, or by the one in deploy/."""

import importlib
from pathlib import Path
from typing import Any, Final

from streamtalk.runtime.engine_table import EngineSpec, check_installed
from streamtalk.runtime.remote.address import parse_host_port, parse_url
from streamtalk.tts.remote.cosyvoice import HttpDialect, OwnDialect, check
from streamtalk.tts.remote.engine import Dialect, RemoteEngine, Source
from streamtalk.tts.remote.grpc_source import GrpcSource
from streamtalk.tts.remote.http_source import HttpCall, HttpSource
from streamtalk.tts.remote.prompt import Prompt
from streamtalk.tts.remote.settings import CosyVoiceSettings

ADDRESSES: Final = {
    "own": "http://127.0.0.1:50010",
    "http": "http://127.0.0.1:50000",
    "grpc": "127.0.0.1:50000",
    "triton": "127.0.0.1:8001",
}
"""Where each server listens unless told otherwise."""

_SETTING: Final = "tts.engines.cosyvoice.address"
_GRPC: Final = EngineSpec("", ("grpc", "google.protobuf"), "cosyvoice")


class CosyVoiceEngine(RemoteEngine[Any]):
    """Streams what the server streams: parts of a second by `own` and `triton`, else sentences.

    Cancel grain: 10 ms, then the connection is closed. Only `own` changes the rate.
    """

    def __init__(self, settings: CosyVoiceSettings) -> None:
        check(settings)
        prompt = None
        if settings.prompt_wav:
            prompt = Prompt(Path(settings.prompt_wav).expanduser(), settings.prompt_text)
        self._prompt = prompt
        address = settings.address or ADDRESSES[settings.transport]
        if settings.transport in {"own", "http"}:
            super().__init__(*_over_http(settings, address, prompt))
        else:
            super().__init__(*_over_grpc(settings, address, prompt))

    def load(self) -> None:
        """Read the recording of the voice, which the first piece would wait for."""
        if self._prompt is not None:
            _ = self._prompt.file, self._prompt.audio
        super().load()


def _over_http(
    settings: CosyVoiceSettings, address: str, prompt: Prompt | None
) -> tuple[Dialect[HttpCall], Source[HttpCall]]:
    url = parse_url(address, _SETTING)
    source = HttpSource(settings, url, key_variable="")
    if settings.transport == "own":
        return OwnDialect(settings, url.url), source
    return HttpDialect(settings, url.url, prompt), source


def _over_grpc(
    settings: CosyVoiceSettings, address: str, prompt: Prompt | None
) -> tuple[Dialect[Any], Source[Any]]:
    check_installed(f"transport {settings.transport} of cosyvoice", _GRPC)
    dialects = importlib.import_module("streamtalk.tts.remote.cosyvoice_grpc")
    kind = {"grpc": dialects.GrpcDialect, "triton": dialects.TritonDialect}[settings.transport]
    target = parse_host_port(address, _SETTING)
    return kind(settings, prompt), GrpcSource(settings, target)
