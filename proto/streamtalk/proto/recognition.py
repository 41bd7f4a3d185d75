"""Speech to text: `transcribe` and its result."""

from typing import Annotated, ClassVar

import msgspec

from streamtalk.proto.limits import MAX_GRAMMAR_CHARS
from streamtalk.proto.message import Message, Name, Position, Reply, Request
from streamtalk.proto.state import PLAIN_VOICE


class Transcribe(Request, frozen=True, kw_only=True):
    """Turn audio into text: the range [from_sample, to_sample) of a ring, or the payload.

    Without `ring`, the payload is the audio: 16 kHz s16le mono, at most 1 MiB.
    """

    replies: ClassVar = ("transcript",)
    ring: str = ""
    stream: Name = ""
    from_sample: Position = 0
    to_sample: Position = 0
    final: bool = True
    """False asks for a partial: cheap, skipped with `overloaded` when the engine is busy."""

    language: Name = "auto"
    """BCP 47 primary tag (`en`, `zh`), or `auto`."""

    grammar: Annotated[str, msgspec.Meta(max_length=MAX_GRAMMAR_CHARS)] = ""
    """A JSGF grammar to listen with, and reject by, where the engine can; empty: dictation."""

    hint: Annotated[str, msgspec.Meta(max_length=4_000)] = ""
    """Text that came before, or words to expect."""

    voice: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = PLAIN_VOICE
    """Best probability of speech that voice activity gave this audio; `PLAIN_VOICE` where it was
    not asked, and at least that for speech of a second in one go. Audio below that has to be
    recognised more clearly; where voice activity was sure, doubtful words are believed."""


class Word(Message, frozen=True, kw_only=True):
    """One recognised word and where it lies."""

    text: str
    from_sample: Position
    """Position in the stream (or the payload), 16 kHz."""

    to_sample: Position
    confidence: float
    """Posterior probability, 0 to 1."""


class Transcript(Reply, frozen=True, kw_only=True):
    """What was said. An error is never an empty transcript; silence and noise are."""

    text: str
    final: bool
    language: Name
    confidence: float
    """0 to 1, of the whole text."""

    rejected: Name = ""
    """Why the engine does not stand by this text, such as `grammar`, `unsure`, `silence`."""

    words: list[Word] = []
    stable_chars: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Length of the beginning of a partial's text that later ones will not change, code points."""

    audio_ms: float
    """Length of the audio that was decoded."""

    compute_ms: float
    """Time the engine worked on it."""
