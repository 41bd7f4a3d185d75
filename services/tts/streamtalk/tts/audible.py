"""Is what an engine made sound at all? And how it goes onto the wire."""

import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from streamtalk.proto.audio import SPEECH_RATE_HZ
from streamtalk.proto.errors import EngineError
from streamtalk.tts.engine import Samples

AUDIBLE_PEAK: Final = 0.003
"""About -50 dBFS: below this a whole piece counts as silent."""

SILENCE_LIMIT_SAMPLES: Final = 3 * SPEECH_RATE_HZ
"""No voice pauses for so long within a piece."""


class SilenceGuard:
    """Raises EngineError when a piece of speech is, or becomes, silence."""

    def __init__(self, limit_samples: int = SILENCE_LIMIT_SAMPLES) -> None:
        self._limit = limit_samples
        self._silent = 0
        self._heard = False

    def take(self, audio: Samples) -> None:
        """Judge the next audio of the piece; raises EngineError after too long a silence."""
        peak = float(np.abs(audio).max(initial=0.0))
        if not math.isfinite(peak):
            raise EngineError("the voice made samples that are no numbers: its model is broken")
        if peak >= AUDIBLE_PEAK:
            self._silent = 0
            self._heard = True
            return
        self._silent += audio.size
        if self._silent > self._limit:
            raise EngineError(f"silence: the voice was mute for {self._limit // SPEECH_RATE_HZ} s")

    def end(self) -> None:
        """Raise EngineError unless something was audible."""
        if not self._heard:
            raise EngineError("silence: the voice made no audible sound of a text that has words")


HELD_FROM_SAMPLES: Final = SPEECH_RATE_HZ // 20
"""Silence up to here goes out as it is made; what follows waits for sound, or the end."""


class SilenceHold:
    """Keeps a long silence back: a voice that has fallen mute leaves none of it at the sink."""

    def __init__(self) -> None:
        self._silent = 0
        self._made = 0
        self._held: list[Samples] = []
        self.sounded = 0
        """Samples of the piece up to the last audible one."""

    def take(self, audio: Samples) -> Iterator[Samples]:
        """Yield what may go out now that `audio` was made."""
        loud = np.flatnonzero(np.abs(audio) >= AUDIBLE_PEAK)
        self._made += audio.size
        if loud.size:
            self._silent = int(audio.size - loud[-1] - 1)
            self.sounded = self._made - self._silent
            yield from self.release()
            yield audio
            return
        at = max(0, HELD_FROM_SAMPLES - self._silent)
        self._silent += audio.size
        if at:
            yield audio[:at]
        if at < audio.size:
            self._held.append(audio[at:])

    def release(self) -> Iterator[Samples]:
        """Yield what was kept back: sound follows, or the piece has ended well."""
        held, self._held = self._held, []
        yield from held


def to_pcm(audio: Samples, volume: float) -> bytes:
    """s16le bytes of `audio` at `volume`; what would be too loud is clipped."""
    scaled: Samples = audio * np.float32(volume * 32_767.0)
    return np.clip(np.rint(scaled), -32_768, 32_767).astype("<i2").tobytes()
