"""Any server with `/v1/audio/speech`: OpenAI, and the many that speak as it does."""

import os
from collections.abc import Mapping
from typing import Any, Final

from streamtalk.proto.errors import RemoteAuthError
from streamtalk.proto.synthesis import Voice
from streamtalk.runtime.api_key import ApiKey
from streamtalk.runtime.remote.address import find_key, parse_url
from streamtalk.tts.engine import Order
from streamtalk.tts.remote.choosing import VoiceTable
from streamtalk.tts.remote.engine import Piece, RemoteEngine
from streamtalk.tts.remote.http_source import HttpCall, HttpSource
from streamtalk.tts.remote.pcm import PcmAssembler
from streamtalk.tts.remote.settings import OpenAiSpeechSettings
from streamtalk.tts.remote.wav import WavDecoder

KEY_VARIABLE: Final = "STREAMTALK_TTS_OPENAI_API_KEY"
_MODELS: Final = {"fast": "tts-1", "balanced": "gpt-4o-mini-tts", "quality": "tts-1-hd"}
_HOST: Final = "api.openai.com"


class OpenAiDialect:
    """Requests as OpenAI documents them; fields at their default are left out."""

    def __init__(self, settings: OpenAiSpeechSettings, url: str, key: ApiKey | None) -> None:
        self._settings = settings
        self._url = f"{url.removesuffix('/audio/speech')}/audio/speech"
        self._key = key
        self._voices = VoiceTable(settings.voices, "openai", speaks_all=True)

    def voices(self) -> list[Voice]:
        """Those of the settings; the API has no list of them."""
        return self._voices.list()

    def piece(self, order: Order) -> Piece[HttpCall]:
        """One JSON request."""
        language, voice = self._voices.choose(order)
        headers = {"Authorization": f"Bearer {self._key.reveal()}"} if self._key else {}
        call = HttpCall(self._url, headers, {"json": self._body(order, voice)})
        settings = self._settings
        is_wav = settings.response_format == "wav"
        decoder = WavDecoder() if is_wav else PcmAssembler(settings.pcm_rate_hz)
        return Piece(call, decoder, language, voice)

    def _body(self, order: Order, voice: str) -> dict[str, Any]:
        settings = self._settings
        body: dict[str, Any] = {
            "model": settings.model or _MODELS[settings.mode],
            "input": order.text,
            "voice": voice,
            "response_format": settings.response_format,
        }
        if order.rate != 1.0:
            body["speed"] = order.rate
        if settings.instructions:
            body["instructions"] = settings.instructions
        return {**body, **settings.extra}


class OpenAiEngine(RemoteEngine[HttpCall]):
    """Streams `pcm`, or a WAV as it comes. Cancel grain: 10 ms, then the connection is closed."""

    def __init__(
        self, settings: OpenAiSpeechSettings, environment: Mapping[str, str] = os.environ
    ) -> None:
        address = parse_url(settings.base_url, "tts.engines.openai.base_url")
        key = find_key(environment, KEY_VARIABLE, "OPENAI_API_KEY", address)
        if key is None and address.host == _HOST:
            raise RemoteAuthError(f"{_HOST} needs a key: set {KEY_VARIABLE} or OPENAI_API_KEY")
        source = HttpSource(settings, address, KEY_VARIABLE)
        super().__init__(OpenAiDialect(settings, address.url, key), source)
