"""Azure AI Speech over its REST interface, text as SSML."""

import os
from collections.abc import Mapping
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from streamtalk.proto.errors import ConfigError, RemoteAuthError
from streamtalk.proto.synthesis import Voice
from streamtalk.runtime.api_key import ApiKey
from streamtalk.runtime.remote.address import find_key, parse_url
from streamtalk.tts.engine import Order
from streamtalk.tts.remote.choosing import VoiceTable
from streamtalk.tts.remote.engine import Piece, RemoteEngine
from streamtalk.tts.remote.http_source import HttpCall, HttpSource
from streamtalk.tts.remote.pcm import PcmAssembler
from streamtalk.tts.remote.settings import AzureSettings

KEY_VARIABLE: Final = "STREAMTALK_TTS_AZURE_API_KEY"
_RATE_HZ: Final = 24_000
_NAMESPACE: Final = "http://www.w3.org/2001/10/synthesis"


class AzureDialect:
    """Requests as Microsoft documents `cognitiveservices/v1`."""

    def __init__(self, settings: AzureSettings, url: str, key: ApiKey | None) -> None:
        self._pitch = settings.pitch
        self._url = f"{url.removesuffix('/cognitiveservices/v1')}/cognitiveservices/v1"
        self._key = key
        self._voices = VoiceTable(settings.voices, "azure", speaks_all=False)

    def voices(self) -> list[Voice]:
        """Those of the settings."""
        return self._voices.list()

    def piece(self, order: Order) -> Piece[HttpCall]:
        """One SSML request."""
        language, voice = self._voices.choose(order)
        headers = {
            "Content-Type": "application/ssml+xml",
            "X-Microsoft-OutputFormat": f"raw-{_RATE_HZ // 1_000}khz-16bit-mono-pcm",
            "User-Agent": "streamtalk",
        }
        if self._key:
            headers["Ocp-Apim-Subscription-Key"] = self._key.reveal()
        body = ssml(order.text, voice, order.rate, self._pitch).encode()
        call = HttpCall(self._url, headers, {"content": body})
        return Piece(call, PcmAssembler(_RATE_HZ), language, voice)


def ssml(text: str, voice: str, rate: float, pitch: str) -> str:
    """One text in one voice; nothing in it is read as markup.

    Args:
        text: What is said.
        voice: Full name, such as `en-US-AvaMultilingualNeural`; it begins with its locale.
        rate: 1 is the voice's own.
        pitch: Relative, such as `+5%`.
    """
    locale = "-".join(voice.split("-")[:2])
    return (
        f'<speak version="1.0" xmlns="{_NAMESPACE}" xml:lang={quoteattr(locale)}>'
        f"<voice name={quoteattr(voice)}>"
        f'<prosody rate="{rate - 1.0:+.0%}" pitch={quoteattr(pitch)}>{escape(text)}</prosody>'
        "</voice></speak>"
    )


def _url(settings: AzureSettings) -> str:
    if settings.base_url:
        return settings.base_url
    if not settings.region:
        raise ConfigError("set tts.engines.azure.region to that of your resource")
    return f"https://{settings.region}.tts.speech.microsoft.com"


class AzureEngine(RemoteEngine[HttpCall]):
    """Streams raw PCM. Cancel grain: 10 ms, then the connection is closed."""

    def __init__(
        self, settings: AzureSettings, environment: Mapping[str, str] = os.environ
    ) -> None:
        address = parse_url(_url(settings), "tts.engines.azure.base_url")
        key = find_key(environment, KEY_VARIABLE, "AZURE_SPEECH_KEY", address)
        if key is None and not settings.base_url:
            raise RemoteAuthError(f"Azure needs a key: set {KEY_VARIABLE} or AZURE_SPEECH_KEY")
        source = HttpSource(settings, address, KEY_VARIABLE)
        super().__init__(AzureDialect(settings, address.url, key), source)
