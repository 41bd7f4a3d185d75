"""How loud the last 100 ms were, and how much time went by without a microphone."""

from collections import deque
from typing import Final

import numpy as np

from streamtalk.proto.audio import FRAME_MS, MIC_FRAME_BYTES

FLOOR_DB: Final = -120.0
_FRAMES: Final = 100 // FRAME_MS
_FULL_SCALE: Final = 32_768.0


class LevelMeter:
    """RMS of the last five frames, in dB below full scale."""

    def __init__(self) -> None:
        self._squares: deque[float] = deque([0.0] * _FRAMES, _FRAMES)

    def add(self, frame: bytes) -> None:
        """Take in one 20 ms frame, s16le."""
        samples = np.frombuffer(frame, "<i2").astype(np.float32) / _FULL_SCALE
        self._squares.append(float(np.mean(samples * samples)))

    @property
    def level_db(self) -> float:
        """dBFS, no lower than -120."""
        square = sum(self._squares) / _FRAMES
        return float(max(FLOOR_DB, 10 * np.log10(square))) if square > 0 else FLOOR_DB


class Filler:
    """Keeps a microphone's clock going with silence while no device delivers."""

    def __init__(self, now_ns: int, uncaptured_ms: float = 0.0) -> None:
        self._due_ns = now_ns
        self._before_ms = uncaptured_ms
        self.filled_frames = 0

    @property
    def uncaptured_ms(self) -> float:
        """Milliseconds that were not captured: before the stream, and silence within it."""
        return self._before_ms + self.filled_frames * FRAME_MS

    def heard(self, now_ns: int) -> None:
        """A device delivered until now; silence is due from here on."""
        self._due_ns = now_ns

    def silence(self, now_ns: int) -> bytes:
        """The whole frames of silence that are due."""
        frames = max(0, (now_ns - self._due_ns) // (FRAME_MS * 1_000_000))
        self._due_ns += frames * FRAME_MS * 1_000_000
        self.filled_frames += frames
        return bytes(frames * MIC_FRAME_BYTES)
