"""Settings of the engine `openai`; its key is never among them."""

from typing import Annotated, Any, Literal

import msgspec

Seconds = Annotated[float, msgspec.Meta(gt=0.0, le=600.0)]


class OpenAiTranscriptionSettings(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """Settings of any server with `/v1/audio/transcriptions`."""

    base_url: str = "https://api.openai.com/v1"
    """Address of the API, with its `/v1`."""

    model: str = "whisper-1"
    """What the server calls its model. Of OpenAI's, `whisper-1` alone tells the times of words."""

    language: str = "auto"
    """BCP 47 primary tag of what is spoken, where the caller does not say."""

    prompt: Annotated[str, msgspec.Meta(max_length=1_000)] = ""
    """Text as it should be written; sets names, punctuation and script."""

    response_format: Literal["auto", "verbose_json", "json"] = "auto"
    """`auto` asks for words with their times, and for the text alone once the server refuses."""

    upload_format: Literal["wav", "flac"] = "wav"
    """A FLAC is half as large, and not every server reads it."""

    partials: Literal["auto", "always", "never"] = "auto"
    """Each partial uploads all that was said so far. `auto`: where the server is this machine."""

    partial_s: Seconds = 1.0
    """A partial is given after this time with what the server has streamed of it by then."""

    connect_timeout_s: Seconds = 3.0
    """Until the server accepts the connection."""

    answer_timeout_s: Seconds = 6.0
    """From the request to the first byte of the answer, and `real_time_factor` of the audio."""

    stall_timeout_s: Seconds = 3.0
    """Between two parts of an answer."""

    whole_timeout_s: Seconds = 10.0
    """For a whole answer, and `real_time_factor` of the audio."""

    real_time_factor: Annotated[float, msgspec.Meta(ge=0.0, le=20.0)] = 0.5
    """Seconds that a server may take in addition for each second of audio."""

    reject_invented: bool = True
    """Whether text that a model invents on silence, noise and music is left out."""

    silence_db: Annotated[float, msgspec.Meta(ge=-120.0, le=0.0)] = -60.0
    """Audio whose loudest 10 ms stay below this, in dBFS, is silence and is not sent."""

    extra: dict[str, Any] = {}
    """Further fields of the request."""
