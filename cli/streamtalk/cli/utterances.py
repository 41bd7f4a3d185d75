"""Several recordings as one microphone: each begins when the one before was answered. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamtalk.cli.answered import is_answered, is_settled
from streamtalk.proto.audio import MIC_FRAME_BYTES, MIC_FRAME_SAMPLES, MIC_RATE_HZ
from streamtalk.proto.conversation import Turns

PATIENCE_S: Final = 15.0
"""Nobody answers for so long, nor does anything else: the next one begins all the same."""

SETTLE_S: Final = 2.5
"""Silence after the last one in which a turn may still be committed."""

CAP_S: Final = 60.0
"""After each one, turns and their playback may take so long."""


@dataclass
class Utterance:
    """What is said at a time, and when."""

    name: str
    samples: NDArray[np.int16]
    """Shape (samples,), 16 kHz mono."""

    begin: int = 0
    """Where on the session's microphone clock its first sample lies."""

    answered: bool = False

    @property
    def end(self) -> int:
        """Where on that clock it is over."""
        return self.begin + len(self.samples)


class Utterances:
    """Tells frame by frame what the microphone hears; positions are samples since its start."""

    def __init__(self, given: Sequence[Utterance]) -> None:
        self._left = list(given)
        self._busy = 0
        self.said: list[Utterance] = [self._left.pop(0)]
        """Those that have begun; the last one is being said, or waited for."""

    def frame(self, position: int, turns: Turns) -> bytes:
        """The 20 ms of s16le that begin at `position`; silence while an answer is awaited.

        `turns` is what the orchestrator said last, be it some 100 ms ago.
        """
        if self._left and self._is_over(position, turns):
            self._left[0].begin = position
            self.said.append(self._left.pop(0))
        now = self.said[-1]
        at = position - now.begin
        return now.samples[at : at + MIC_FRAME_SAMPLES].tobytes().ljust(MIC_FRAME_BYTES, b"\0")

    def over(self, position: int, turns: Turns) -> bool:
        """Whether all was said, and the last one is answered or will not be."""
        last = self.said[-1]
        if self._left or position < last.end:
            return False
        last.answered = is_answered(turns, last.begin, last.end)
        settled = position >= last.end + _samples(SETTLE_S) and is_settled(turns, last.end)
        return settled or position >= last.end + _samples(CAP_S)

    def _is_over(self, position: int, turns: Turns) -> bool:
        now = self.said[-1]
        if position < now.end:
            return False
        if is_answered(turns, now.begin, now.end):
            now.answered = True
            return True
        if not turns.idle:
            self._busy = position
        quiet = position - max(now.end, self._busy)
        return quiet >= _samples(PATIENCE_S) or position >= now.end + _samples(CAP_S)


def _samples(seconds: float) -> int:
    return int(seconds * MIC_RATE_HZ)
