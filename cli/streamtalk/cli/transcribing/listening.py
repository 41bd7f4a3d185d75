"""A recording read once, judged by our own VAD, and given out as pieces of speech."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from streamtalk.cli.transcribing.pieces import Piece, PieceCutter, Samples, Window
from streamtalk.proto.state import PLAIN_VOICE
from streamtalk.vad.config import SegmenterSettings
from streamtalk.vad.engine import VadEngine
from streamtalk.vad.tracker import CHUNK_SAMPLES

_SILENT: Final = 16
"""A chunk whose samples stay below this (-66 dBFS) holds no speech, whatever a model thinks."""

_RESTING_CHUNKS: Final = 31
"""After a second of such silence the model is not asked: hours of it pass in no time."""

_FULL_SCALE: Final = np.float32(1 / 32_768)


@dataclass(frozen=True)
class Speech:
    """A piece of a recording in which somebody speaks."""

    begin: int
    samples: Samples
    voice: float = PLAIN_VOICE
    """How sure voice activity was of it, at its best."""

    @property
    def end(self) -> int:
        """Position behind its last sample."""
        return self.begin + len(self.samples)


class Listener:
    """Memory is that of one piece and one block, however long the recording is."""

    def __init__(self, engine: VadEngine, settings: SegmenterSettings) -> None:
        self._engine = engine
        self._cutter = PieceCutter(settings)
        self._window = Window()
        self._judged = 0
        self._silent_chunks = 0
        self.most_samples = 0
        """The most audio that was held at a time."""

    def speech(self, blocks: Iterable[Samples], at: Callable[[int], None]) -> Iterator[Speech]:
        """The pieces of a recording in order; `at` is told how many samples were read."""
        for block in blocks:
            self._window.append(block)
            self.most_samples = max(self.most_samples, len(self._window))
            yield from self._judge_all()
            self._window.forget(min(self._cutter.needed_from, self._judged))
            at(self._window.end)
        for piece in self._cutter.close(self._window.end):
            yield self._speech(piece)

    def _speech(self, piece: Piece) -> Speech:
        return Speech(piece.begin, self._window.take(piece.begin, piece.end), piece.voice)

    def _judge_all(self) -> Iterator[Speech]:
        while self._window.end - self._judged >= CHUNK_SAMPLES:
            begin = self._judged
            self._judged = end = begin + CHUNK_SAMPLES
            probability = self._judge(self._window.take(begin, end))
            for piece in self._cutter.feed(begin, end, probability):
                yield self._speech(piece)

    def _judge(self, chunk: Samples) -> float:
        """Probability of speech; what is silent for certain costs no run of the model."""
        silent = int(chunk.max()) < _SILENT and int(chunk.min()) > -_SILENT
        self._silent_chunks = self._silent_chunks + 1 if silent else 0
        if self._silent_chunks > _RESTING_CHUNKS:
            return 0.0
        if self._silent_chunks == _RESTING_CHUNKS:
            self._engine.reset(0)
        return self._engine.judge([0], (chunk * _FULL_SCALE)[None, :])[0]
