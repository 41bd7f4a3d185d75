"""The recordings of a folder by its manifest, and where speech is in them."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from streamtalk.proto.errors import InputError
from streamtalk.vad.config import VadConfig
from streamtalk.vad.engines.silero import SileroEngine
from streamtalk.vad.tracker import CHUNK_SAMPLES

MANIFEST: Final = "manifest.jsonl"
Samples = NDArray[np.int16]
"""Shape (samples,), 16 kHz mono."""


class Row(msgspec.Struct, frozen=True):
    """A line of the manifest; other fields are ignored."""

    file: str
    """Path below the folder of the manifest."""

    seconds: float | None = None
    language: str | None = None
    transcript: str | None = None
    kind: str = ""


def rows(folder: Path) -> list[Row]:
    """Every row; raises InputError for no manifest, or a line that is none."""
    path = folder / MANIFEST if folder.is_dir() else folder
    if not path.is_file():
        raise InputError(f"no manifest at {path}: one JSON object a line, with `file`")
    found = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            found.append(msgspec.json.decode(line, type=Row))
        except msgspec.DecodeError as error:
            raise InputError(f"line {number} of {path} is no row: {error}") from error
    return found


class Ears:
    """The product's voice activity model over whole recordings."""

    def __init__(self) -> None:
        self._engine = SileroEngine(VadConfig().engines.silero)
        self._engine.load(1)

    def probabilities(self, samples: Samples) -> list[float]:
        """Of speech, for every whole chunk."""
        self._engine.reset(0)
        return [self._engine.judge([0], chunk)[0] for chunk in _chunks(samples)]


def _chunks(samples: Samples) -> Iterator[NDArray[np.float32]]:
    usable = len(samples) // CHUNK_SAMPLES * CHUNK_SAMPLES
    for chunk in samples[:usable].reshape(-1, 1, CHUNK_SAMPLES):
        yield chunk.astype(np.float32) / np.float32(32_768)


def of_kinds(found: Iterable[Row], *beginnings: str) -> list[Row]:
    """Rows whose kind begins with one of these, by name."""
    return sorted((row for row in found if row.kind.startswith(beginnings)), key=lambda r: r.file)
