"""Remote engines against servers that speak their protocols, with everything that goes wrong."""

import collections
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from streamtalk.proto.errors import (
    ConfigError,
    EngineError,
    RemoteAuthError,
    RemoteRateLimitedError,
    StreamTalkError,
)
from streamtalk.proto.synthesis import Speak, Spoken
from streamtalk.runtime.engine_table import create_engine
from streamtalk.tts.config import TtsEngines
from streamtalk.tts.engine import ENGINES, Order
from streamtalk.tts.engines.azure import AzureEngine
from streamtalk.tts.engines.google import GoogleEngine
from streamtalk.tts.engines.openai import OpenAiEngine
from streamtalk.tts.normal import normalise
from streamtalk.tts.remote.settings import AzureSettings, GoogleSettings, OpenAiSpeechSettings
from streamtalk.tts.utterance import Utterance
from tests.support.voice_servers.sound import tone
from tests.tts.remote_scene import (
    KEY,
    OVER_HTTP,
    TEXT,
    Hearing,
    say,
    scene,
)

pytestmark = pytest.mark.process

EXPECTED = (np.frombuffer(tone(TEXT), "<i2") / 32_768).astype(np.float32)


@pytest.mark.parametrize("name", OVER_HTTP)
def test_silence_is_a_failure(name: str) -> None:
    """The guard that watches every engine stops a server that sends zeros."""
    speak = Speak(session="s", answer="a", piece=0, text=TEXT)
    with scene(name, "silence") as (engine, _):
        utterance = Utterance(speak, normalise(speak.text), lambda _pcm: None, time.monotonic_ns)
        with pytest.raises(EngineError, match="silence"):
            collections.deque(iter(lambda: utterance.step(engine), Spoken), maxlen=0)


@pytest.mark.parametrize("name", OVER_HTTP)
def test_limited_server_is_left_alone_until_it_said(name: str) -> None:
    """After a 429 nothing is asked before the time it named; then the voice speaks."""
    with scene(name, "rate_limited") as (engine, server):
        server.retry_after = "0.2"
        with pytest.raises(RemoteRateLimitedError, match="HTTP 429"):
            say(engine)
        server.fault = "none"
        asked_early = 0
        while True:
            try:
                assert say(engine).samples == EXPECTED.size
            except RemoteRateLimitedError:
                assert len(server.asked) == 1
                asked_early += 1
            else:
                break
        assert len(server.asked) == 2


def test_sound_comes_while_the_server_still_speaks() -> None:
    """The first samples are emitted before the answer has an end."""
    with scene("openai", "stall", stall_timeout_s=60.0) as (engine, _):
        hearing = Hearing(engine, Order(TEXT))
        hearing.step_until_sound()
        assert 0 < hearing.samples < EXPECTED.size
        hearing.steps.close()


def test_connection_is_kept_between_pieces() -> None:
    """A second piece needs no new handshake."""
    with scene("openai") as (engine, server):
        say(engine)
        say(engine)
        assert (len(server.asked), server.connections) == (2, 1)


@pytest.mark.parametrize("rate_hz", [22_050, 24_000])
@pytest.mark.parametrize("response_format", ["pcm", "wav"])
def test_openai_plays_other_formats(response_format: str, rate_hz: int) -> None:
    """A streamed WAV states its rate, raw PCM has it from the settings; both keep their length."""
    chosen: dict[str, Any] = {"response_format": response_format, "pcm_rate_hz": rate_hz}
    with scene("openai", **chosen) as (engine, server):
        server.pcm_rate_hz = rate_hz
        assert say(engine).samples == pytest.approx(EXPECTED.size, abs=48)


@pytest.mark.parametrize(
    "settings, model",
    [
        ({}, "gpt-4o-mini-tts"),
        ({"mode": "fast"}, "tts-1"),
        ({"mode": "quality"}, "tts-1-hd"),
        ({"mode": "fast", "model": "kokoro"}, "kokoro"),
    ],
)
def test_openai_request_is_as_documented(settings: dict[str, Any], model: str) -> None:
    """Model by mode, voice by language, extra fields, and the key in its header."""
    with scene("openai", extra={"seed": 3}, instructions="Warmly.", **settings) as (engine, server):
        say(engine, "你好吗", rate=1.5)
        asked = server.asked[0]
    assert asked.path == "/v1/audio/speech"
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.fields == {
        "model": model,
        "input": "你好吗",
        "voice": "nova",
        "response_format": "pcm",
        "speed": 1.5,
        "instructions": "Warmly.",
        "seed": 3,
    }


def test_azure_request_is_as_documented() -> None:
    """SSML with locale, voice, rate and pitch; format and key in headers; text escaped."""
    text = "Is 1 < 2 & 3 > 2? </prosody>"
    with scene("azure", pitch="-5%") as (engine, server):
        say(engine, text, rate=1.25)
        asked = server.asked[0]
    assert asked.path == "/cognitiveservices/v1"
    assert asked.text == text
    assert asked.headers["ocp-apim-subscription-key"] == KEY
    assert asked.headers["x-microsoft-outputformat"] == "raw-24khz-16bit-mono-pcm"
    assert asked.headers["content-type"] == "application/ssml+xml"
    ssml = asked.fields["ssml"]
    assert 'xml:lang="en-US"' in ssml
    assert 'name="en-US-AvaMultilingualNeural"' in ssml
    assert 'rate="+25%" pitch="-5%"' in ssml


@pytest.mark.parametrize(
    "mode, voice",
    [("fast", "cmn-CN-Standard-A"), ("quality", "cmn-CN-Chirp3-HD-Aoede")],
)
def test_google_request_is_as_documented(mode: str, voice: str) -> None:
    """Voice by mode and language, locale of the voice, key in a header and not in the address."""
    with scene("google", mode=mode, pitch_semitones=2.0) as (engine, server):
        say(engine, "你好吗", rate=1.5)
        asked = server.asked[0]
    assert asked.path == "/v1/text:synthesize"
    assert asked.headers["x-goog-api-key"] == KEY
    assert asked.fields == {
        "input": {"text": "你好吗"},
        "voice": {"languageCode": "cmn-CN", "name": voice},
        "audioConfig": {
            "audioEncoding": "LINEAR16",
            "sampleRateHertz": 24_000,
            "speakingRate": 1.5,
            "pitch": 2.0,
        },
    }


@pytest.mark.parametrize(
    "make, kind, advice",
    [
        (lambda: OpenAiEngine(OpenAiSpeechSettings(), {}), RemoteAuthError, "OPENAI_API_KEY"),
        (
            lambda: AzureEngine(AzureSettings(region="westeurope"), {}),
            RemoteAuthError,
            "STREAMTALK_TTS_AZURE_API_KEY",
        ),
        (lambda: AzureEngine(AzureSettings(), {}), ConfigError, r"azure\.region"),
        (lambda: GoogleEngine(GoogleSettings(), {}), RemoteAuthError, "GOOGLE_API_KEY"),
    ],
)
def test_missing_key_is_said_before_anything_is_asked(
    make: Callable[[], object], kind: type[StreamTalkError], advice: str
) -> None:
    """The error names the variable or the setting."""
    with pytest.raises(kind, match=advice):
        make()


def test_loading_reaches_for_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a key set the engine loads from its table row wherever its server is."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    engine = create_engine("tts", ENGINES, "openai", TtsEngines().openai)
    engine.load()
    engine.close()
