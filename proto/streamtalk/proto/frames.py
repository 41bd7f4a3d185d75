"""Headers of audio on the bus; the PCM is the payload part, never inside the header."""

from typing import Annotated

import msgspec

from streamtalk.proto.message import Message, Name, Position
from streamtalk.proto.synthesis import Mark

MAX_MARKS = 256
"""Marks of one message: more than the words of two seconds."""


class Mic(Message, frozen=True, kw_only=True):
    """One 20 ms frame of a microphone. Topic `audio.mic`; payload 640 bytes, 16 kHz."""

    stream: Name
    """The opening of the microphone that this belongs to."""

    sample: Position
    """Position of the first sample within the stream, 16 kHz."""


class Speech(Message, frozen=True, kw_only=True):
    """1 to 10 whole frames of speech. Topic `audio.speech`; payload n times 960 bytes, 24 kHz.

    The last message of a piece may hold a shorter last frame.
    """

    answer: Name
    """The answer, or candidate answer, that this is part of."""

    piece: Position
    """Number of the piece within the answer, from 0."""

    sample: Position
    """Position of the first sample within the piece, 24 kHz."""

    attempt: Position = 0
    """How often the answer was taken up again after a failure; sinks drop lower ones."""

    total_samples: Position | None = None
    """Length of the whole piece, in its last message; otherwise absent."""

    marks: Annotated[list[Mark], msgspec.Meta(max_length=MAX_MARKS)] = []
    """Words that begin in this audio or before, where the engine states them while it speaks.

    They come with the audio, so that whoever has it knows its words, whatever becomes of the voice.
    """
