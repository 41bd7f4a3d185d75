"""Many sessions' chunks in as few runs of the model as can be."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamtalk.proto.errors import EngineError
from streamtalk.vad.config import BatchSettings
from streamtalk.vad.engine import VadEngine
from streamtalk.vad.session import Session
from streamtalk.vad.tracker import CHUNK_SAMPLES

_FULL_SCALE = np.float32(1 / 32_768)


@dataclass(frozen=True, slots=True)
class Portion:
    """Consecutive whole chunks of one session."""

    session: Session
    slot: int
    fresh: bool
    """Whether the slot's memory has to be cleared first."""

    from_sample: int
    pcm: bytes


def window_ns(settings: BatchSettings, sessions: int) -> int:
    """How long chunks wait for others: not at all for few sessions, then in proportion."""
    span = max(1, settings.full_at_sessions - settings.none_up_to_sessions)
    share = min(1.0, max(0, sessions - settings.none_up_to_sessions) / span)
    return int(settings.window_ms * share * 1e6)


def judge_portions(engine: VadEngine, portions: list[Portion]) -> list[list[float]]:
    """Probabilities of each portion's chunks; the n-th chunks of all portions are one batch."""
    for portion in portions:
        if portion.fresh:
            engine.reset(portion.slot)
    audio = [_chunks(portion.pcm) for portion in portions]
    found: list[list[float]] = [[] for _ in portions]
    for turn in range(max(map(len, audio), default=0)):
        rows = [row for row, chunks in enumerate(audio) if turn < len(chunks)]
        batch = np.stack([audio[row][turn] for row in rows]) * _FULL_SCALE
        judged = engine.judge([portions[row].slot for row in rows], batch)
        for row, probability in zip(rows, judged, strict=True):
            found[row].append(probability)
    return found


def check_probabilities(found: list[list[float]]) -> None:
    """Raise EngineError for a probability that is none."""
    for probability in (each for portion in found for each in portion):
        if not 0.0 <= probability <= 1.0:
            raise EngineError(f"a probability of {probability}: the model is broken")


def _chunks(pcm: bytes) -> NDArray[np.int16]:
    return np.frombuffer(pcm, "<i2").reshape(-1, CHUNK_SAMPLES)
