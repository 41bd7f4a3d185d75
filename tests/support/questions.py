"""Spoken questions for a microphone: our own voice, with pauses and a little room noise."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from streamtalk.proto.audio import MIC_RATE_HZ, SPEECH_RATE_HZ
from streamtalk.runtime.engine_table import create_engine
from streamtalk.tts.config import TtsConfig
from streamtalk.tts.engine import ENGINES, Order, Samples, SpeechEngine

_TAIL_S = 0.3


@cache
def _voice() -> SpeechEngine:
    engine: SpeechEngine = create_engine("tts", ENGINES, "espeak", TtsConfig().engines.espeak)
    engine.load()
    return engine


@cache
def spoken(text: str) -> NDArray[np.float32]:
    """The text as the embedded voice says it, 16 kHz, the silence around it cut off."""
    chunks: list[Samples] = []

    def take(samples: Samples) -> bool:
        chunks.append(samples.copy())
        return True

    for _ in _voice().speak(Order(text), take):
        pass
    audio = soxr.resample(np.concatenate(chunks), SPEECH_RATE_HZ, MIC_RATE_HZ)
    loud = np.flatnonzero(np.abs(audio) > 0.01)
    cut: NDArray[np.float32] = audio[loud[0] : loud[-1] + 1].astype(np.float32)
    return cut


def write_questions(
    path: Path,
    texts: Sequence[str],
    pause_s: float,
    last_pause_s: float | None = None,
    lead_s: float = 0.5,
) -> Path:
    """A WAV that asks one question after another, each followed by a pause.

    The pauses are the same on every machine: for what has to be said at its time, such as speech
    over an answer. Where questions are to be answered first, `write_each`.
    """
    pauses_s = [pause_s] * len(texts)
    if last_pause_s is not None:
        pauses_s[-1] = last_pause_s
    parts = [np.zeros(int(lead_s * MIC_RATE_HZ), np.float32)]
    for text, silence_s in zip(texts, pauses_s, strict=True):
        parts += [spoken(text) * 0.7, np.zeros(int(silence_s * MIC_RATE_HZ), np.float32)]
    audio = np.concatenate(parts)
    noise = np.random.default_rng(7).normal(0.0, 0.0005, len(audio))
    soundfile.write(path, np.clip(audio + noise, -1.0, 1.0), MIC_RATE_HZ, subtype="PCM_16")
    return path


def write_each(folder: Path, texts: Sequence[str], lead_s: float = 0.5) -> list[str]:
    """One WAV a question, for `converse`, which says each when the one before was answered.

    `lead_s` of silence stand before each: time for what is to happen between two of them.
    """
    paths = [folder / f"question-{number}.wav" for number in range(1, len(texts) + 1)]
    for path, text in zip(paths, texts, strict=True):
        write_questions(path, [text], pause_s=_TAIL_S, lead_s=lead_s)
    return [str(path) for path in paths]
