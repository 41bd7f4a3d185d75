"""Each remote engine beside a server of its own, on loopback."""

import atexit
import functools
import gc
import shutil
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from streamtalk.tts.engine import Made, Order, Samples
from streamtalk.tts.engines.azure import AzureEngine
from streamtalk.tts.engines.cosyvoice import CosyVoiceEngine
from streamtalk.tts.engines.google import GoogleEngine
from streamtalk.tts.engines.openai import OpenAiEngine
from streamtalk.tts.remote.engine import RemoteEngine
from streamtalk.tts.remote.settings import (
    AzureSettings,
    CosyVoiceSettings,
    GoogleSettings,
    OpenAiSpeechSettings,
)
from tests.support.voice_servers.grpc_server import GrpcVoiceServer
from tests.support.voice_servers.http_server import HttpVoiceServer
from tests.support.voice_servers.sound import tone, wav

KEY: Final = "sk-canary-5eed-never-write-this-down"
TEXT: Final = "Good morning, how are you today?"
QUICK: Final = {
    "connect_timeout_s": 1.0,
    "first_byte_timeout_s": 1.0,
    "stall_timeout_s": 1.0,
    "piece_timeout_s": 20.0,
}
OVER_HTTP: Final = ("openai", "azure", "google", "cosyvoice-own", "cosyvoice-http")
OVER_GRPC: Final = ("cosyvoice-grpc", "cosyvoice-triton")
EVERYWHERE: Final = (*OVER_HTTP, *OVER_GRPC)
STREAMED: Final = tuple(name for name in EVERYWHERE if name != "google")
SCENES: Final = {
    "openai": "openai",
    "azure": "azure",
    "google": "google",
    "cosyvoice": "cosyvoice-own",
}
"""Name in the table of engines, and of its scene."""

KEYS: Final = {f"STREAMTALK_TTS_{maker}_API_KEY": KEY for maker in ("OPENAI", "AZURE", "GOOGLE")}
PROMPT_TEXT: Final = "Hello."


def engine_of(name: str, url: str, **settings: Any) -> RemoteEngine[Any]:  # noqa: ANN401
    """An engine that asks the server at `url` with the canary key, loaded."""
    values = {**QUICK, **settings}
    engine: RemoteEngine[Any]
    if name == "openai":
        key = {"STREAMTALK_TTS_OPENAI_API_KEY": KEY}
        engine = OpenAiEngine(OpenAiSpeechSettings(base_url=f"{url}/v1", **values), key)
    elif name == "azure":
        key = {"STREAMTALK_TTS_AZURE_API_KEY": KEY}
        engine = AzureEngine(AzureSettings(base_url=url, **values), key)
    elif name.startswith("cosyvoice-"):
        transport: Any = name.removeprefix("cosyvoice-")
        values = {"prompt_wav": _prompt_wav(), "prompt_text": PROMPT_TEXT, **values}
        engine = CosyVoiceEngine(CosyVoiceSettings(transport=transport, address=url, **values))
    else:
        key = {"STREAMTALK_TTS_GOOGLE_API_KEY": KEY}
        engine = GoogleEngine(GoogleSettings(base_url=f"{url}/v1", **values), key)
    engine.load()
    return engine


def service_settings(name: str, url: str) -> dict[str, str]:
    """Environment of a `tts` service whose engine asks the server at `url`."""
    engine, _, transport = name.partition("-")
    address = {"openai": f"{url}/v1", "azure": url, "google": f"{url}/v1"}.get(engine, url)
    values = {"BASE_URL" if not transport else "ADDRESS": address}
    values |= {"FIRST_BYTE_TIMEOUT_S": "4", "STALL_TIMEOUT_S": "2"}
    if transport:
        values |= {"TRANSPORT": transport, "PROMPT_WAV": _prompt_wav(), "PROMPT_TEXT": PROMPT_TEXT}
    settings = {f"ENGINES__{engine.upper()}__{key}": value for key, value in values.items()}
    return {"ENGINE": engine, **settings}


def server_for(name: str) -> HttpVoiceServer | GrpcVoiceServer:
    """The server that an engine needs, by its transport; it does not run yet."""
    return GrpcVoiceServer() if name in OVER_GRPC else HttpVoiceServer()


@functools.cache
def _prompt_wav() -> str:
    """A recording of a voice, for as long as the tests run."""
    folder = tempfile.mkdtemp(prefix="st-")
    atexit.register(shutil.rmtree, folder)
    path = Path(folder) / "prompt.wav"
    path.write_bytes(wav(tone(PROMPT_TEXT)))
    return str(path)


@contextmanager
def _asking(
    server: HttpVoiceServer | GrpcVoiceServer, name: str, fault: str, settings: dict[str, Any]
) -> Iterator[RemoteEngine[Any]]:
    server.fault = fault
    with server.serving():
        engine = engine_of(name, server.url, **settings)
        try:
            yield engine
        finally:
            engine.close()
            if name in OVER_GRPC:
                # grpcio ends its poller with its last object, and its objects hold each other.
                gc.collect()


@contextmanager
def scene(
    name: str,
    fault: str = "none",
    **settings: Any,  # noqa: ANN401
) -> Iterator[tuple[RemoteEngine[Any], HttpVoiceServer]]:
    """A server with a fault, and the engine that asks it over HTTP."""
    server = HttpVoiceServer()
    with _asking(server, name, fault, settings) as engine:
        yield engine, server


@contextmanager
def grpc_scene(
    name: str,
    fault: str = "none",
    **settings: Any,  # noqa: ANN401
) -> Iterator[tuple[RemoteEngine[Any], GrpcVoiceServer]]:
    """The same over gRPC."""
    server = GrpcVoiceServer()
    with _asking(server, name, fault, settings) as engine:
        yield engine, server


@contextmanager
def any_scene(
    name: str,
    fault: str = "none",
    **settings: Any,  # noqa: ANN401
) -> Iterator[tuple[RemoteEngine[Any], HttpVoiceServer | GrpcVoiceServer]]:
    """The same over the transport of that engine."""
    server = server_for(name)
    with _asking(server, name, fault, settings) as engine:
        yield engine, server


class Hearing:
    """What one piece brought."""

    def __init__(self, engine: RemoteEngine[Any], order: Order) -> None:
        self.chunks: list[Samples] = []
        self.is_wanted = True
        self.steps: Generator[None, None, Made] = engine.speak(order, self._take)

    def _take(self, audio: Samples) -> bool:
        self.chunks.append(audio)
        return self.is_wanted

    @property
    def samples(self) -> int:
        """So many came."""
        return sum(chunk.size for chunk in self.chunks)

    @property
    def audio(self) -> Samples:
        """All that came."""
        return np.concatenate([np.zeros(0, np.float32), *self.chunks])

    def finish(self, limit_s: float = 30.0) -> Made:
        """Step to the end; raises TimeoutError past the limit."""
        give_up_ns = time.monotonic_ns() + int(limit_s * 1e9)
        while time.monotonic_ns() < give_up_ns:
            try:
                next(self.steps)
            except StopIteration as end:
                made: Made = end.value
                return made
        raise TimeoutError(f"the piece did not end; {self.samples} samples came")

    def step_until_sound(self, limit_s: float = 10.0) -> None:
        """Step until something was emitted."""
        give_up_ns = time.monotonic_ns() + int(limit_s * 1e9)
        while not self.chunks and time.monotonic_ns() < give_up_ns:
            next(self.steps)


def say(engine: RemoteEngine[Any], text: str = TEXT, **fields: Any) -> Hearing:  # noqa: ANN401
    """A whole piece."""
    hearing = Hearing(engine, Order(text, **fields))
    hearing.finish()
    return hearing
