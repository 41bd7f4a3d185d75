"""A voice that spells: every letter is a tone, and it goes wrong in mid-word when it is told to."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from streamtalk.proto.audio import SPEECH_RATE_HZ, ms_to_samples, samples_to_ms
from streamtalk.proto.errors import EngineError
from streamtalk.runtime.burn import burn
from streamtalk.tts.config import LettersSettings
from streamtalk.tts.engine import Emit, Made, Order, Samples, Steps
from streamtalk.tts.letters import say
from streamtalk.tts.marks import spread

FAULTS: Final = ("error", "stall", "silence")
_MUTE_S: Final = 4
"""Longer than any voice pauses."""

_VOICE: Final = "letters"


class Spelling:
    """The scripted engine's way to speak for failover tests; a step is a chunk.

    Cancel grain: one chunk, and the whole of a stall.
    """

    def __init__(self, settings: LettersSettings) -> None:
        self._settings = settings
        self._fault = ""
        self._left_samples = 0
        """Audio that is still right, while a fault is due."""

    def speak(self, order: Order, emit: Emit) -> Steps:
        """Where words begin is told before their audio, if it is told at all."""
        settings = self._settings
        audio, marks = say(order.text, settings.seed, settings.level)
        if settings.exact:
            yield marks
        self._arm()
        for part in self._parts(audio):
            wanted = self._work_and_emit(part, emit)
            if not wanted:
                break
            yield None
        found = marks if settings.exact else spread(order.text, audio.size)
        return Made(found, not settings.exact, "en", _VOICE)

    def _arm(self) -> None:
        """Take the order to go wrong, where there is one: `KIND AFTER_MS`, counted from here."""
        if not self._settings.fault_file:
            return
        path = Path(self._settings.fault_file)
        try:
            kind, _, after_ms = path.read_text(encoding="ascii").partition(" ")
            path.unlink()
        except OSError:
            return
        if kind not in FAULTS:
            raise EngineError(f"no fault {kind!r}: choose one of {', '.join(FAULTS)}")
        self._fault, self._left_samples = kind, ms_to_samples(float(after_ms), SPEECH_RATE_HZ)

    def _parts(self, audio: Samples) -> Iterator[Samples]:
        """Chunks of the piece, up to the sample at which it goes wrong."""
        chunk = ms_to_samples(self._settings.chunk_ms, SPEECH_RATE_HZ)
        for start in range(0, audio.size, chunk):
            part = audio[start : start + chunk]
            if not self._fault or self._left_samples > part.size:
                self._left_samples -= part.size
                yield part
                continue
            yield part[: self._left_samples]
            yield from self._go_wrong(chunk)
            yield part[self._left_samples :]

    def _go_wrong(self, chunk: int) -> Iterator[Samples]:
        fault, self._fault = self._fault, ""
        if fault == "error":
            raise EngineError("the voice was told to fail")
        if fault == "stall":
            time.sleep(self._settings.stall_ms / 1_000)
        else:
            for _ in range(0, _MUTE_S * SPEECH_RATE_HZ, chunk):
                yield np.zeros(chunk, np.float32)

    def _work_and_emit(self, part: Samples, emit: Emit) -> bool:
        burn(
            samples_to_ms(part.size, SPEECH_RATE_HZ) * self._settings.real_time_factor,
            hold_gil=False,
        )
        return emit(part)
