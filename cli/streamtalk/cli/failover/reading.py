"""From the sound that was played to the letters in it, and what became of the text; no I/O."""

from dataclasses import dataclass
from itertools import groupby
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamtalk.proto.audio import SPEECH_RATE_HZ, samples_to_ms
from streamtalk.tts.letters import LETTERS, pitch_hz

Sound = NDArray[np.int16]
"""What a loudspeaker played: shape (samples,), 24 kHz."""

WINDOW: Final = SPEECH_RATE_HZ // 100
HOP: Final = WINDOW // 2
_PURE: Final = 0.9
"""Share of a window's energy that a single tone has."""

_AUDIBLE_RMS: Final = 200.0
_LEAST_WINDOWS: Final = 2


class Run(NamedTuple):
    """One letter as it was heard."""

    letter: str
    voice: int
    """0: the quiet one, which is the first of the chain; 1: the loud one."""

    start: int
    """Position of its first whole window."""

    end: int


def read(sound: Sound, loud_rms: float) -> list[Run]:
    """The letters in the order in which they were heard, with fragments of at least 15 ms.

    `loud_rms`: RMS from which a tone is the second voice's.
    """
    windows = np.lib.stride_tricks.sliding_window_view(sound.astype(np.float64), WINDOW)[::HOP]
    energy = np.square(windows).sum(axis=1)
    tones = _tones(windows)
    best = tones.argmax(axis=1)
    rms = np.sqrt(energy / WINDOW)
    pure = (tones.max(axis=1) > _PURE * energy) & (rms > _AUDIBLE_RMS)
    keys = [
        (int(letter), int(level >= loud_rms)) if clear else None
        for letter, level, clear in zip(best, rms, pure, strict=True)
    ]
    return _merged(_runs(keys))


def _tones(windows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Energy of each letter's pitch: shape (windows, letters). Goertzel's sums, all at once."""
    pitches = np.array([pitch_hz(letter) for letter in LETTERS])
    turns = 2 * np.pi * np.outer(np.arange(WINDOW), pitches) / SPEECH_RATE_HZ
    found: NDArray[np.float64] = (
        np.square(windows @ np.cos(turns)) + np.square(windows @ np.sin(turns))
    ) * (2 / WINDOW)
    return found


def _runs(keys: list[tuple[int, int] | None]) -> list[Run]:
    runs, at = [], 0
    for key, group in groupby(keys):
        count = len(list(group))
        if key is not None and count >= _LEAST_WINDOWS:
            end = (at + count - 1) * HOP + WINDOW
            runs.append(Run(LETTERS[key[0]], key[1], at * HOP, end))
        at += count
    return runs


def _merged(runs: list[Run]) -> list[Run]:
    """A letter that was held up in its middle is one: no text has the same one twice in a row."""
    merged: list[Run] = []
    for run in runs:
        if merged and merged[-1][:2] == run[:2]:
            merged[-1] = merged[-1]._replace(end=run.end)
        else:
            merged.append(run)
    return merged


@dataclass(frozen=True)
class Verdict:
    """What became of one answer."""

    voices: tuple[int, ...]
    """Who spoke, in turn."""

    skipped: int
    """Letters that were not heard at all."""

    repeated: int
    """Letters that were heard twice."""

    within_clause: bool
    """Whether all of those are of one clause."""

    within_word: bool
    """Whether all of those are of one word: the one that was cut."""

    gap_ms: float
    """Without sound, from one voice to the next; 0 where one spoke alone."""

    garbled: bool
    """Whether something was heard that is not in the text, or more was skipped than can be told."""


def judge(text: str, runs: list[Run]) -> Verdict:
    """Compare the letters that were heard with those of `text`."""
    places = [at for at, char in enumerate(text) if char in LETTERS]
    letters = "".join(text[at] for at in places)
    heard, skipped, again, garbled, gap = 0, 0, range(0), False, 0
    parts = [list(group) for _, group in groupby(runs, key=lambda run: run.voice)]
    for number, part in enumerate(parts):
        spelt = "".join(run.letter for run in part)
        at = _place(letters, spelt, heard)
        if at is None:
            garbled = True
            continue
        skipped += max(0, at - heard)
        if number and at < heard:
            again = range(at, heard)
        if number:
            gap = max(gap, part[0].start - parts[number - 1][-1].end)
        heard = at + len(spelt)
    skipped += len(letters) - heard
    said = text[places[again[0]] : places[again[-1]] + 1] if again else ""
    return Verdict(
        voices=tuple(part[0].voice for part in parts),
        skipped=skipped,
        repeated=len(again),
        within_clause="," not in said and "." not in said,
        within_word=" " not in said,
        gap_ms=round(samples_to_ms(gap, SPEECH_RATE_HZ), 1),
        garbled=garbled,
    )


def _place(letters: str, spelt: str, heard: int) -> int | None:
    """Where `spelt` begins: where it repeats least, else where it skips least."""
    found = [at for at in range(len(letters)) if letters.startswith(spelt, at)]
    before = [at for at in found if at <= heard]
    return max(before) if before else min(found, default=None)
