"""Google Cloud Text-to-Speech over its REST interface."""

import base64
import binascii
import json
import os
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from streamtalk.proto.errors import RemoteAuthError, RemoteGarbageError
from streamtalk.proto.synthesis import Voice
from streamtalk.runtime.api_key import ApiKey
from streamtalk.runtime.remote.address import find_key, parse_url
from streamtalk.tts.engine import Order, Samples
from streamtalk.tts.remote.choosing import VoiceTable
from streamtalk.tts.remote.engine import Piece, RemoteEngine
from streamtalk.tts.remote.http_source import HttpCall, HttpSource
from streamtalk.tts.remote.settings import GoogleSettings
from streamtalk.tts.remote.wav import WavDecoder

KEY_VARIABLE: Final = "STREAMTALK_TTS_GOOGLE_API_KEY"
MAX_ANSWER_BYTES: Final = 32 << 20
"""Of JSON: eight minutes of speech."""

_RATE_HZ: Final = 24_000
_KINDS: Final = {
    "fast": {"en": "en-US-Standard-C", "zh": "cmn-CN-Standard-A"},
    "balanced": {"en": "en-US-Wavenet-F", "zh": "cmn-CN-Wavenet-A"},
    "quality": {"en": "en-US-Chirp3-HD-Aoede", "zh": "cmn-CN-Chirp3-HD-Aoede"},
}


class GoogleDecoder:
    """A WAV in base64 in JSON: it can be heard only when all of it has come."""

    form: Final = "wav in json"

    def __init__(self) -> None:
        self._body = bytearray()

    def feed(self, raw: bytes) -> Samples:
        """Nothing yet; raises RemoteGarbageError past `MAX_ANSWER_BYTES`."""
        self._body += raw
        if len(self._body) > MAX_ANSWER_BYTES:
            raise RemoteGarbageError(f"the answer is over {MAX_ANSWER_BYTES >> 20} MB")
        return np.zeros(0, np.float32)

    def finish(self) -> Samples:
        """All of the sound; raises RemoteGarbageError where the JSON holds none."""
        try:
            wav = base64.b64decode(json.loads(self._body)["audioContent"], validate=True)
        except (ValueError, TypeError, KeyError, RecursionError, binascii.Error) as error:
            raise RemoteGarbageError(
                "the answer is no JSON with audioContent: is tts.engines.google.base_url right?"
            ) from error
        if not wav:
            return np.zeros(0, np.float32)
        decoder = WavDecoder()
        return np.concatenate([decoder.feed(wav), decoder.finish()])


class GoogleDialect:
    """Requests as Google documents `text:synthesize`."""

    def __init__(self, settings: GoogleSettings, url: str, key: ApiKey | None) -> None:
        self._pitch = settings.pitch_semitones
        self._url = f"{url.removesuffix('/text:synthesize')}/text:synthesize"
        self._key = key
        voices = {**_KINDS[settings.mode], **settings.voices}
        self._voices = VoiceTable(voices, "google", speaks_all=False)

    def voices(self) -> list[Voice]:
        """Those of the settings."""
        return self._voices.list()

    def piece(self, order: Order) -> Piece[HttpCall]:
        """One JSON request; fields at their default are left out, as Chirp voices refuse them."""
        language, voice = self._voices.choose(order)
        audio: dict[str, Any] = {"audioEncoding": "LINEAR16", "sampleRateHertz": _RATE_HZ}
        if order.rate != 1.0:
            audio["speakingRate"] = order.rate
        if self._pitch:
            audio["pitch"] = self._pitch
        locale = "-".join(voice.split("-")[:2])
        body = {
            "input": {"text": order.text},
            "voice": {"languageCode": locale, "name": voice},
            "audioConfig": audio,
        }
        headers = {"X-Goog-Api-Key": self._key.reveal()} if self._key else {}
        call = HttpCall(self._url, headers, {"json": body}, is_text=True)
        return Piece(call, GoogleDecoder(), language, voice)


class GoogleEngine(RemoteEngine[HttpCall]):
    """One answer for a whole piece. Cancel grain: 10 ms, then the connection is closed."""

    def __init__(
        self, settings: GoogleSettings, environment: Mapping[str, str] = os.environ
    ) -> None:
        address = parse_url(settings.base_url, "tts.engines.google.base_url")
        key = find_key(environment, KEY_VARIABLE, "GOOGLE_API_KEY", address)
        if key is None and not address.is_loopback:
            raise RemoteAuthError(f"Google needs a key: set {KEY_VARIABLE} or GOOGLE_API_KEY")
        source = HttpSource(settings, address, KEY_VARIABLE)
        super().__init__(GoogleDialect(settings, address.url, key), source)
