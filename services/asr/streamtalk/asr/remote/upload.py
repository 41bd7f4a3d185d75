"""The request: a file of audio and the fields that say what is wanted of it."""

import io
from typing import Any, Final

import numpy as np
import soundfile

from streamtalk.asr.engine import Speech
from streamtalk.asr.remote.settings import OpenAiTranscriptionSettings
from streamtalk.asr.writing.characters import is_chinese_tag
from streamtalk.asr.writing.script import opening
from streamtalk.proto.audio import BYTES_PER_SAMPLE, MIC_RATE_HZ

_SHORTEST_BYTES: Final = MIC_RATE_HZ // 5 * BYTES_PER_SAMPLE
"""Servers refuse what is shorter than 0.1 s; silence is put behind it."""

_PROMPT_CHARS: Final = 800
_TYPES: Final = {"wav": "audio/wav", "flac": "audio/flac"}


def audio_file(pcm: bytes, kind: str) -> tuple[str, bytes, str]:
    """(name, bytes, media type) of a WAV or FLAC, 16 kHz s16 mono."""
    raw = pcm.ljust(_SHORTEST_BYTES, b"\0")
    written = io.BytesIO()
    soundfile.write(written, np.frombuffer(raw, "<i2"), MIC_RATE_HZ, "PCM_16", format=kind.upper())
    return f"speech.{kind}", written.getvalue(), _TYPES[kind]


def fields(
    settings: OpenAiTranscriptionSettings, speech: Speech, language: str, form: str
) -> dict[str, Any]:
    """The form's fields as OpenAI documents them; what is at its default is left out."""
    found: dict[str, Any] = {"model": settings.model, "response_format": form}
    if form == "verbose_json":
        found["timestamp_granularities[]"] = ["word", "segment"]
    if language != "auto":
        found["language"] = language
    script = opening(speech.script) if is_chinese_tag(language) else ""
    prompt = " ".join(filter(None, (settings.prompt or script, speech.hint)))[-_PROMPT_CHARS:]
    if prompt:
        found["prompt"] = prompt
    if not speech.final:
        found["stream"] = "true"
    return {**found, **settings.extra}
