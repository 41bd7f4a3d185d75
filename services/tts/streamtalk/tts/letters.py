"""A voice that can be read back: each letter is a tone of its own, of a length that nobody knows.

What was heard of it shows, sample for sample, which letters a listener got, in whichever order.
"""

import random
from typing import Final

import numpy as np

from streamtalk.proto.audio import SPEECH_RATE_HZ, ms_to_samples
from streamtalk.proto.synthesis import Mark
from streamtalk.tts.engine import Samples
from streamtalk.tts.marks import word_starts

LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
LOWEST_HZ: Final = 600
STEP_HZ: Final = 100
"""Tones whose pitches are multiples of this are orthogonal over 10 ms."""

SHORTEST_MS: Final = 40
LONGEST_MS: Final = 130
PAUSE_MS: Final = 30
"""Of everything that is no letter: less than what counts as a silence."""


def pitch_hz(letter: str) -> int:
    """The pitch of a letter, 600 to 3,100 Hz."""
    return LOWEST_HZ + STEP_HZ * LETTERS.index(letter)


def say(text: str, seed: int, level: float) -> tuple[Samples, list[Mark]]:
    """The audio of `text` at amplitude `level`, and where its words begin.

    Lengths are drawn from the seed and the text: the same piece is always the same.
    """
    draw = random.Random(f"{seed} {text}")  # noqa: S311 — a script, no secret
    starts = set(word_starts(text))
    parts: list[Samples] = []
    marks: list[Mark] = []
    at = 0
    for char, letter in enumerate(text.lower()):
        if char in starts:
            marks.append(Mark(sample=at, char=char))
        part = _tone(letter, draw, level)
        at += part.size
        parts.append(part)
    return np.concatenate([*parts, np.zeros(1, np.float32)]), marks


def _tone(letter: str, draw: random.Random, level: float) -> Samples:
    if letter not in LETTERS:
        return np.zeros(ms_to_samples(PAUSE_MS, SPEECH_RATE_HZ), np.float32)
    length = ms_to_samples(draw.randint(SHORTEST_MS, LONGEST_MS), SPEECH_RATE_HZ)
    turns = np.arange(length) * (pitch_hz(letter) / SPEECH_RATE_HZ)
    tone: Samples = (level * np.sin(2 * np.pi * turns)).astype(np.float32)
    return tone
