"""What a server answers, read with every bound it needs: JSON of two forms, and streamed events."""

import re
from typing import Any, Final

import msgspec

from streamtalk.proto.errors import RemoteGarbageError, RemoteServerError
from streamtalk.runtime.remote.sse import DONE, SseParser

MAX_BODY_BYTES: Final = 4 << 20
"""A minute of words with their times is 100 KiB."""

MAX_TEXT_CHARS: Final = 20_000
"""A minute of the fastest speech is 2000."""

_NAMES: Final = {
    "english": "en",
    "chinese": "zh",
    "mandarin": "zh",
    "cantonese": "yue",
    "german": "de",
    "french": "fr",
    "spanish": "es",
    "italian": "it",
    "portuguese": "pt",
    "dutch": "nl",
    "japanese": "ja",
    "korean": "ko",
    "russian": "ru",
    "ukrainian": "uk",
    "polish": "pl",
    "turkish": "tr",
    "arabic": "ar",
    "hindi": "hi",
    "vietnamese": "vi",
    "thai": "th",
    "indonesian": "id",
    "swedish": "sv",
}
"""OpenAI names languages in English; other servers by their tags."""

_TAG: Final = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{1,8})*", re.IGNORECASE)


class SaidWord(msgspec.Struct, frozen=True):
    """A word with its seconds from the beginning of the file."""

    word: str
    start: float = 0.0
    end: float = 0.0
    probability: float | None = None


class SaidSegment(msgspec.Struct, frozen=True):
    """A run of words and what the model says of its own certainty."""

    text: str = ""
    start: float = 0.0
    end: float = 0.0
    avg_logprob: float = 0.0
    no_speech_prob: float = 0.0


class Said(msgspec.Struct, frozen=True):
    """A whole answer; what its form or its server lacks is empty."""

    text: str
    language: str | None = None
    words: list[SaidWord] | None = None
    segments: list[SaidSegment] | None = None


class _Event(msgspec.Struct, frozen=True):
    type: str = ""
    delta: str = ""
    text: str | None = None
    error: Any = None


_SAID: Final = msgspec.json.Decoder(Said)
_EVENT: Final = msgspec.json.Decoder(_Event)


def read_answer(body: bytes, url: str) -> Said:
    """The transcript in a whole body; raises RemoteGarbageError where there is none."""
    try:
        said = _SAID.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RemoteGarbageError(
            f"{url} answers with no transcript ({_short(error)}): is that the address of a "
            "transcription API?"
        ) from error
    return msgspec.structs.replace(said, text=_bounded(said.text, url))


def language_tag(named: str | None) -> str:
    """The BCP 47 primary tag of a language as a server names it; empty where it does not."""
    plain = (named or "").strip().lower()
    if plain in _NAMES:
        return _NAMES[plain]
    return plain.partition("-")[0] if _TAG.fullmatch(plain) else ""


class EventReader:
    """Events of a stream as bytes come, cut anywhere; holds the text and at most one event."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._parser = SseParser()
        self._is_open = False
        self.text = ""
        self.is_done = False

    def feed(self, raw: bytes) -> None:
        """Take bytes; raises RemoteGarbageError or RemoteServerError for what is no event."""
        for data in self._parser.feed(raw):
            self._take(data)
        if self._parser.dropped:
            raise RemoteGarbageError(f"{self._url} streams an event without end")

    def finish(self) -> None:
        """The stream has ended; raises RemoteGarbageError where that was too early."""
        for data in self._parser.flush():
            self._take(data)
        if not self.is_done and (self._is_open or not self.text):
            raise RemoteGarbageError(f"{self._url} ends its stream before the transcript")

    def _take(self, data: str) -> None:
        if self.is_done:
            return
        if data.strip() == DONE:
            self.is_done = True
            return
        try:
            event = _EVENT.decode(data.encode())
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise RemoteGarbageError(f"{self._url} streams no JSON ({_short(error)})") from error
        self._apply(event)

    def _apply(self, event: _Event) -> None:
        if event.error is not None or event.type == "error":
            raise RemoteServerError(f"{self._url} failed while it streamed: see its log")
        if event.type == "transcript.text.done":
            self.text, self.is_done = _bounded(event.text or self.text, self._url), True
        elif event.type == "transcript.text.delta":
            self._is_open = True
            self.text = _bounded(self.text + event.delta, self._url)
        elif event.text:
            self.text = _bounded(self.text + event.text, self._url)


def _bounded(text: str, url: str) -> str:
    if len(text) > MAX_TEXT_CHARS:
        raise RemoteGarbageError(f"{url} answers with more text than anybody says in a minute")
    return text


def _short(error: Exception) -> str:
    """What was wrong, without what was said."""
    return (
        str(error).partition(" - at ")[0][:80]
        if isinstance(error, msgspec.DecodeError)
        else (type(error).__name__)
    )
