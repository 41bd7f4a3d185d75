"""The yardstick's own stub models as engines of our services: the same costs, from the same code.

`common` is the yardstick's module; the adapter puts its folder on the path of every service.
"""

import importlib
import os
from collections.abc import Generator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streamtalk.asr.engine import Heard, Speech
from streamtalk.proto.audio import SPEECH_RATE_HZ, ms_to_samples
from streamtalk.proto.synthesis import Voice
from streamtalk.tts.engine import Emit, Made, Order

common: Any = importlib.import_module("common")
KIND: Final = os.environ.get("YARDSTICK_KIND", "gil")
VALUE: Final = 1_000
"""Every sample of the speech; the edge adds the number of the turn, which no engine knows."""

_CHUNK: Final = np.full(
    ms_to_samples(common.TTS_CHUNK * 1000, SPEECH_RATE_HZ), VALUE / 32_767, np.float32
)


class Vad:
    """Speech by the mean amplitude of a chunk, at 0.3 ms of CPU for each."""

    def __init__(self, settings: object) -> None:
        """Nothing can be set."""

    def load(self, slots: int) -> None:
        """Nothing to load."""

    def reset(self, slot: int) -> None:
        """Nothing is remembered."""

    def judge(self, slots: Sequence[int], chunks: NDArray[np.float32]) -> list[float]:
        """1.0 above the yardstick's threshold, else 0.0."""
        common.burn(common.VAD_MS * len(slots), KIND)
        return [float(level > common.THR) for level in np.abs(chunks * 32_768.0).mean(axis=1)]


class Asr:
    """A text for every audio, at 120 ms of CPU."""

    languages: tuple[str, ...] = ()
    features: tuple[str, ...] = ("dictation",)

    def __init__(self, settings: object) -> None:
        """Nothing can be set."""

    def load(self) -> None:
        """Nothing to load."""

    def check(self) -> None:
        """Nothing that could be wrong."""

    def hear(self, speech: Speech) -> Heard:
        """How long the audio was."""
        return Heard(common.asr(speech.pcm, KIND, 0), "en", 1.0)


class Tts:
    """Two chunks of 200 ms for every piece: 100 ms of CPU for the first of an answer, then 60."""

    calibrated = True
    """The client reads the samples as they are."""

    def __init__(self, settings: object) -> None:
        """Nothing can be set."""

    def load(self) -> None:
        """Nothing to load."""

    def voices(self) -> list[Voice]:
        """One, of no language."""
        return [Voice(name="yardstick", language="en")]

    def speak(self, order: Order, emit: Emit) -> Generator[None, None, Made]:
        """A step for each chunk."""
        for chunk in range(common.CHUNKS_PER_PHRASE):
            if chunk:
                yield
            common.tts_chunk(order.piece == 0 and chunk == 0, KIND, 0)
            if not emit(_CHUNK):
                break
        return Made(marks=[], estimated=True, language="en", voice="yardstick")
