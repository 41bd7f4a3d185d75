"""Recordings with and without speech, in two halves: one to fix thresholds on, one for figures."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from streamtalk.cli.bench_asr.recordings import Row, Samples, rows
from streamtalk.cli.bench_talk import COMMANDS, synthesise
from streamtalk.client.wav import read_microphone
from streamtalk.proto.audio import MIC_RATE_HZ

HALVES: Final = ("fixing", "reporting")
_NOBODY: Final = ("noise", "echo_residual")
_SILENT_FAR_END: Final = "_nearend_singletalk_lpb.wav"
_SOMEBODY: Final = ("speech", "turn_complete", "turn_incomplete", "turn_wait", "vad_labelled")
_FLOORS_DB: Final = (None, -80.0, -70.0, -60.0, -55.0, -50.0)
_SILENCE_S: Final = 10


@dataclass(frozen=True)
class Clip:
    """A recording, and whether somebody speaks in it."""

    name: str
    samples: Samples
    spoken: bool
    language: str = ""
    transcript: str | None = None
    of: str = ""
    """The recording that it was made of, where it was made."""

    @property
    def half(self) -> str:
        """Which half it belongs to, by the name of the recording alone."""
        name = (self.of or self.name).encode()
        return HALVES[hashlib.blake2b(name, digest_size=1).digest()[0] % 2]


def material(folder: Path) -> list[Clip]:
    """Noise, residual echo, silence (one recorded, others generated) and speech."""
    found = rows(folder)
    clips = [_clip(folder, row, spoken=False) for row in found if row.kind.startswith(_NOBODY)]
    clips += [
        _clip(folder, row, spoken=False) for row in found if row.file.endswith(_SILENT_FAR_END)
    ]
    clips += [Clip(f"silence{level_db}", _floor(level_db), spoken=False) for level_db in _FLOORS_DB]
    clips += [_clip(folder, row, spoken=True) for row in found if row.kind.startswith(_SOMEBODY)]
    return clips


def _clip(folder: Path, row: Row, *, spoken: bool) -> Clip:
    samples = read_microphone(folder / row.file)
    language = row.language or "en"
    return Clip(row.file, samples, spoken, language, row.transcript)


def _floor(level_db: float | None) -> Samples:
    """Ten seconds of digital silence, or of hiss at this level."""
    count = _SILENCE_S * MIC_RATE_HZ
    if level_db is None:
        return np.zeros(count, np.int16)
    noise = np.random.default_rng(5).normal(0, 10 ** (level_db / 20), count)
    return np.asarray(np.clip(noise, -1, 1) * 32_767, np.int16)


def commands() -> list[Clip]:
    """Spoken commands of the built-in assistant, synthetic."""
    return [
        Clip(text, synthesise(text), spoken=True, language="en", transcript=text)
        for text in COMMANDS
    ]
