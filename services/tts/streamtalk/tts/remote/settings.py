"""Settings of the remote engines: their tables under `[tts.engines]`; keys are never among them."""

from typing import Annotated, Any, Literal

import msgspec

Seconds = Annotated[float, msgspec.Meta(gt=0.0, le=600.0)]
RateHz = Annotated[int, msgspec.Meta(ge=8_000, le=192_000)]
Mode = Literal["fast", "balanced", "quality"]
Method = Literal["zero_shot", "cross_lingual", "sft", "instruct", "instruct2"]


class RemoteSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every remote engine has: how long it may take."""

    connect_timeout_s: Seconds = 3.0
    """Until the server accepts the connection."""

    first_byte_timeout_s: Seconds = 8.0
    """From the request to the first byte of sound, connecting included."""

    stall_timeout_s: Seconds = 5.0
    """Between two parts of the sound."""

    piece_timeout_s: Seconds = 60.0
    """For a whole piece."""


class OpenAiSpeechSettings(RemoteSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of any server with `/v1/audio/speech`."""

    base_url: str = "https://api.openai.com/v1"
    """Address of the API, with its `/v1`."""

    mode: Mode = "balanced"
    """OpenAI's model: `fast` tts-1, `balanced` gpt-4o-mini-tts, `quality` tts-1-hd."""

    model: str = ""
    """Model of another server, such as `kokoro`; stronger than `mode`."""

    voices: dict[str, str] = msgspec.field(default_factory=lambda: {"en": "alloy", "zh": "nova"})
    """Voice for each language, by BCP 47 primary tag; the first one speaks all others."""

    instructions: str = ""
    """How to speak, in words; models before gpt-4o-mini-tts do not read it."""

    response_format: Literal["pcm", "wav"] = "pcm"
    """What is asked for: headerless s16le at `pcm_rate_hz`, or a WAV that is read as it comes."""

    pcm_rate_hz: RateHz = 24_000
    """Rate of the server's `pcm`; a WAV states its own."""

    extra: dict[str, Any] = {}
    """Further fields of the request."""


class AzureSettings(RemoteSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of Azure AI Speech."""

    region: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{0,40}$")] = ""
    """Region of the resource, such as `westeurope`."""

    base_url: str = ""
    """Address of a private endpoint or a container; empty: that of the region."""

    voices: dict[str, str] = msgspec.field(
        default_factory=lambda: {
            "en": "en-US-AvaMultilingualNeural",
            "zh": "zh-CN-XiaoxiaoNeural",
        }
    )
    """Voice for each language, by BCP 47 primary tag."""

    pitch: Annotated[str, msgspec.Meta(pattern=r"^[+-]?\d{1,3}(%|Hz|st)$")] = "+0%"
    """Change of pitch, such as `-5%`."""


class GoogleSettings(RemoteSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of Google Cloud Text-to-Speech."""

    base_url: str = "https://texttospeech.googleapis.com/v1"
    """Address of the API, with its version."""

    mode: Mode = "balanced"
    """Kind of voice for English and Chinese: `fast` Standard, `balanced` Wavenet, `quality`
    Chirp 3 HD."""

    voices: dict[str, str] = {}
    """Voice for each language, by BCP 47 primary tag; stronger than `mode`."""

    pitch_semitones: Annotated[float, msgspec.Meta(ge=-20.0, le=20.0)] = 0.0
    """Change of pitch; Chirp voices refuse any but 0."""


class CosyVoiceSettings(RemoteSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of CosyVoice2, which runs in a checkout of its own."""

    transport: Literal["own", "http", "grpc", "triton"] = "own"
    """`own`: deploy/cosyvoice/server.py; `http`, `grpc`: the servers of the project; `triton`."""

    address: str = ""
    """URL, or host:port of a gRPC server; empty: where that server listens on this machine."""

    method: Method = "zero_shot"
    """Which inference of the official servers; `own` and `triton` are zero-shot."""

    voices: dict[str, str] = {}
    """Speaker for each language, by BCP 47 primary tag; empty: the recorded prompt's voice."""

    prompt_wav: str = ""
    """Recording of the voice to take on, up to 30 s; `own` has its recordings at the server."""

    prompt_text: str = ""
    """What is said in it, word for word."""

    instructions: str = ""
    """How to speak, for `instruct` and `instruct2`."""

    model: str = "cosyvoice2"
    """Name in Triton's model repository."""

    pcm_rate_hz: RateHz = 24_000
    """Rate of what comes; CosyVoice 1 makes 22050 Hz."""
