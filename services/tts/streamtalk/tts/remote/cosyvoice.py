"""CosyVoice2's HTTP servers, that of the project and our own: what each wants to be told. Pure."""

from typing import Any, Final

from streamtalk.proto.errors import ConfigError
from streamtalk.proto.synthesis import Voice
from streamtalk.tts.engine import Order
from streamtalk.tts.remote.choosing import VoiceTable
from streamtalk.tts.remote.engine import Piece
from streamtalk.tts.remote.http_source import HttpCall
from streamtalk.tts.remote.pcm import PcmAssembler
from streamtalk.tts.remote.prompt import Prompt
from streamtalk.tts.remote.settings import CosyVoiceSettings

_PROMPT_VOICES: Final = {"en": "prompt-en", "zh": "prompt-zh"}
"""One recorded voice speaks all languages; a voice has one, so it has a name for each."""

NEEDS: Final = {
    "zero_shot": ("prompt_wav", "prompt_text"),
    "cross_lingual": ("prompt_wav",),
    "sft": ("voices",),
    "instruct": ("voices", "instructions"),
    "instruct2": ("prompt_wav", "instructions"),
}
"""Settings without which a method cannot be asked for."""


def check(settings: CosyVoiceSettings) -> None:
    """Raise ConfigError naming the setting that the method needs and that is missing."""
    if settings.transport == "own":
        return
    method = "zero_shot" if settings.transport == "triton" else settings.method
    if (settings.transport, method) == ("grpc", "instruct2"):
        raise ConfigError("CosyVoice's gRPC server has no instruct2: take transport http or own")
    for name in NEEDS[method]:
        if not getattr(settings, name):
            raise ConfigError(f"set tts.engines.cosyvoice.{name}: {method} needs it")


class Speaker:
    """Who speaks: speakers of the server by language, or the voice of the prompt."""

    def __init__(self, settings: CosyVoiceSettings) -> None:
        self._is_named = bool(settings.voices)
        voices = settings.voices or _PROMPT_VOICES
        self._table = VoiceTable(voices, "cosyvoice", speaks_all=True)

    def list(self) -> list[Voice]:
        """What an order may name."""
        return self._table.list()

    def choose(self, order: Order) -> tuple[str, str, str]:
        """(language, voice, speaker of the server); an empty speaker is the prompt's."""
        language, voice = self._table.choose(order)
        return language, voice, voice if self._is_named else ""


class HttpDialect:
    """FastAPI of the project: form fields, a file, headerless PCM back."""

    def __init__(self, settings: CosyVoiceSettings, url: str, prompt: Prompt | None) -> None:
        self._settings = settings
        self._url = f"{url}/inference_{settings.method}"
        self._prompt = prompt
        self._speaker = Speaker(settings)

    def voices(self) -> list[Voice]:
        """The speakers."""
        return self._speaker.list()

    def piece(self, order: Order) -> Piece[HttpCall]:
        """One form; this server knows no rate."""
        language, voice, speaker = self._speaker.choose(order)
        call = HttpCall(self._url, {}, self._fields(order.text, speaker))
        return Piece(call, PcmAssembler(self._settings.pcm_rate_hz), language, voice)

    def _fields(self, text: str, speaker: str) -> dict[str, Any]:
        settings = self._settings
        form = {"tts_text": text}
        if settings.method in {"sft", "instruct"}:
            form["spk_id"] = speaker
        if settings.method in {"instruct", "instruct2"}:
            form["instruct_text"] = settings.instructions
        if settings.method == "zero_shot":
            form["prompt_text"] = settings.prompt_text
        if self._prompt is None or "prompt_wav" not in NEEDS[settings.method]:
            return {"data": form}
        upload = {"prompt_wav": ("prompt.wav", self._prompt.file, "audio/wav")}
        return {"data": form, "files": upload}


class OwnDialect:
    """deploy/cosyvoice/server.py: JSON out, PCM back as it is made."""

    def __init__(self, settings: CosyVoiceSettings, url: str) -> None:
        self._url = f"{url}/speech"
        self._rate_hz = settings.pcm_rate_hz
        self._speaker = Speaker(settings)

    def voices(self) -> list[Voice]:
        """The speakers."""
        return self._speaker.list()

    def piece(self, order: Order) -> Piece[HttpCall]:
        """One JSON request; at another rate than 1 the sound comes in one part."""
        language, voice, speaker = self._speaker.choose(order)
        body = {"text": order.text, "speaker": speaker, "speed": order.rate}
        call = HttpCall(self._url, {}, {"json": body})
        return Piece(call, PcmAssembler(self._rate_hz), language, voice)
