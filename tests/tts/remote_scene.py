"""Each remote engine beside a server of its own, on loopback."""

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np

from streamtalk.tts.engine import Made, Order, Samples
from streamtalk.tts.engines.azure import AzureEngine
from streamtalk.tts.engines.google import GoogleEngine
from streamtalk.tts.engines.openai import OpenAiEngine
from streamtalk.tts.remote.engine import RemoteEngine
from streamtalk.tts.remote.settings import AzureSettings, GoogleSettings, OpenAiSpeechSettings
from tests.support.voice_servers.http_server import HttpVoiceServer

KEY: Final = "sk-canary-5eed-never-write-this-down"
TEXT: Final = "Good morning, how are you today?"
QUICK: Final = {
    "connect_timeout_s": 1.0,
    "first_byte_timeout_s": 0.4,
    "stall_timeout_s": 0.4,
    "piece_timeout_s": 20.0,
}
OVER_HTTP: Final = ("openai", "azure", "google")
STREAMED: Final = ("openai", "azure")


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
    else:
        key = {"STREAMTALK_TTS_GOOGLE_API_KEY": KEY}
        engine = GoogleEngine(GoogleSettings(base_url=f"{url}/v1", **values), key)
    engine.load()
    return engine


@contextmanager
def scene(
    name: str,
    fault: str = "none",
    **settings: Any,  # noqa: ANN401
) -> Iterator[tuple[RemoteEngine[Any], HttpVoiceServer]]:
    """A server with a fault, and the engine that asks it."""
    server = HttpVoiceServer()
    server.fault = fault
    with server.serving():
        engine = engine_of(name, server.url, **settings)
        try:
            yield engine, server
        finally:
            engine.close()


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
