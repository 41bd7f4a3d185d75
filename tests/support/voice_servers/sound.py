"""What the test servers say: a tone as long as the text, and how faults bend its bytes."""

import io
import wave
from collections.abc import Iterator
from typing import Final

import numpy as np

RATE_HZ: Final = 24_000
MS_PER_CHAR: Final = 60
CHUNK_BYTES: Final = 4_800


def tone(text: str, rate: float = 1.0, rate_hz: int = RATE_HZ) -> bytes:
    """s16le mono: 60 ms a character at a rate of 1, a tone of 440 Hz."""
    count = int(len(text) * MS_PER_CHAR * rate_hz / 1_000 / rate)
    turns = np.arange(count) * (440.0 / rate_hz)
    raw: bytes = (np.sin(2 * np.pi * turns) * 8_000).astype("<i2").tobytes()
    return raw


def wav(pcm: bytes, rate_hz: int = RATE_HZ, *, is_open: bool = False) -> bytes:
    """A WAV of s16le mono; an open one states no length, as streaming writers do."""
    held = io.BytesIO()
    with wave.open(held, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate_hz)
        writer.writeframes(pcm)
    whole = bytearray(held.getvalue())
    if is_open:
        whole[4:8] = whole[40:44] = b"\xff" * 4
    return bytes(whole)


def cut(raw: bytes, sizes: tuple[int, ...] = (CHUNK_BYTES,)) -> Iterator[bytes]:
    """Pieces of these sizes, over and over."""
    at, turn = 0, 0
    while at < len(raw):
        size = sizes[turn % len(sizes)]
        yield raw[at : at + size]
        at, turn = at + size, turn + 1


def bent(pcm: bytes, fault: str) -> bytes:
    """The sound as a fault makes it: `half_sample`, `silence`, `empty` or unchanged."""
    if fault == "half_sample":
        return pcm + b"\x7f"
    if fault == "silence":
        return bytes(len(pcm))
    return b"" if fault == "empty" else pcm
