"""Text to speech: `speak` publishes frames by credit; its reply carries total and marks."""

from typing import Annotated, ClassVar

import msgspec

from streamtalk.proto.limits import MAX_TEXT_CHARS
from streamtalk.proto.message import Message, Name, Position, Reply, Request, SessionId


class Speak(Request, frozen=True, kw_only=True):
    """Say one piece of an answer. The reply comes when all of it has been made.

    Frames go to `audio.speech.<session>`: at once up to `credit_samples`, beyond that only as far
    as the session's `state.playback` wants. They are kept, and sent again while `have` stays
    behind, until the sink drops the answer, `cancel`, or 60 s without a sign of the sink.
    """

    replies: ClassVar = ("spoken",)
    session: SessionId
    answer: Name
    piece: Position
    text: Annotated[str, msgspec.Meta(max_length=MAX_TEXT_CHARS)]
    attempt: Position = 0
    credit_samples: Position = 0
    """Samples of this piece that may be sent before the sink has stated what it wants."""

    language: Name = "auto"
    voice: Name = ""
    """A voice of the engine; empty: its default for the language of the text."""

    rate: Annotated[float, msgspec.Meta(ge=0.25, le=4.0)] = 1.0
    """Speaking rate; 1 is the voice's own."""

    volume: Annotated[float, msgspec.Meta(ge=0.0, le=2.0)] = 1.0
    progress: bool = False
    """Whether `state.synthesis` of the session tells how far this piece is, while it is made."""


class Mark(Message, frozen=True, kw_only=True):
    """Where in the audio a word of the original text begins."""

    sample: Position
    """Position within the piece, 24 kHz."""

    char: Position
    """Offset into `Speak.text`, in code points."""


class Spoken(Reply, frozen=True, kw_only=True):
    """The piece is made."""

    answer: Name
    piece: Position
    total_samples: Position
    marks: list[Mark] = []
    estimated: bool = False
    """Whether the marks are computed from lengths instead of stated by the engine."""

    language: Name
    voice: Name
    first_audio_ms: float
    """From the arrival of the call to the first chunk of audio."""

    compute_ms: float


class Cancel(Request, frozen=True, kw_only=True):
    """Stop making, and forget, an answer. Cancelling what is unknown is no error."""

    session: SessionId
    answer: Name


class ListVoices(Request, frozen=True, kw_only=True):
    """Ask which voices the engine has."""

    replies: ClassVar = ("voices",)


class Voice(Message, frozen=True, kw_only=True):
    """One voice."""

    name: Name
    language: Name
    description: str = ""


class Voices(Reply, frozen=True, kw_only=True):
    """The voices of the engine."""

    voices: list[Voice]
