"""Where speech is in a long recording, in pieces that one call can carry. Pure."""

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamtalk.orchestrator.hearing import voice_of
from streamtalk.proto.audio import MIC_RATE_HZ
from streamtalk.proto.state import PLAIN_VOICE
from streamtalk.vad.config import SegmenterSettings
from streamtalk.vad.segmenter import Segmenter
from streamtalk.vad.tracker import CHUNK_SAMPLES

LONGEST_SAMPLES: Final = 30 * MIC_RATE_HZ
"""What one call may carry: 30 s are 960 kB, below the limit of 1 MiB."""

_ENOUGH_SAMPLES: Final = 15 * MIC_RATE_HZ
"""A piece of this length ends at the next pause, however short."""

_APART_SAMPLES: Final = MIC_RATE_HZ
"""Speech on both sides of a longer pause goes into two pieces."""

_PAD_SAMPLES: Final = MIC_RATE_HZ // 5
_SEARCH_CHUNKS: Final = 10 * MIC_RATE_HZ // CHUNK_SAMPLES
"""Of speech without a pause the last so many chunks are searched for the best place to cut."""

Samples = NDArray[np.int16]
"""Shape (samples,), 16 kHz mono."""


@dataclass(frozen=True)
class Piece:
    """Samples [begin, end) of a recording, in which somebody speaks."""

    begin: int
    end: int
    voice: float = PLAIN_VOICE
    """How sure voice activity was of it, at its best."""


class PieceCutter:
    """Follows the voice activity of one recording; says which pieces are complete."""

    def __init__(self, settings: SegmenterSettings) -> None:
        self._segmenter = Segmenter(settings, 0)
        self._begin: int | None = None
        self._end = 0
        self._voice = 0.0
        self._recent: deque[tuple[float, int]] = deque(maxlen=_SEARCH_CHUNKS)
        self._look_back = int(settings.look_back_ms * MIC_RATE_HZ / 1000)
        self._at = 0

    @property
    def needed_from(self) -> int:
        """Audio before this sample is in no piece that is still to come."""
        if self._begin is not None:
            return self._begin
        # An onset lies at most the shortest speech back, and a piece begins before it.
        return max(0, self._at - self._look_back - MIC_RATE_HZ)

    def feed(self, from_sample: int, to_sample: int, probability: float) -> list[Piece]:
        """Take the judgement of the next chunk; returns the pieces that end because of it."""
        found: list[Piece] = []
        segmenter = self._segmenter
        self._at = to_sample
        self._recent.append((probability, from_sample))
        changed = segmenter.feed(from_sample, to_sample, probability)
        if segmenter.speaking and segmenter.segment is not None and changed:
            if self._begin is not None and segmenter.segment - self._end > _APART_SAMPLES:
                found.append(self._take(self._end + _PAD_SAMPLES))
            if self._begin is None:
                self._begin = max(segmenter.segment, self._end)
        if self._begin is None:
            return found
        self._end = max(self._end, segmenter.end or 0)
        length = (segmenter.end or 0) - (segmenter.segment or 0)
        self._voice = max(self._voice, voice_of(segmenter.peak, length))
        silence = to_sample - self._end
        long = to_sample - self._begin >= _ENOUGH_SAMPLES
        if not segmenter.speaking and (silence > _APART_SAMPLES or long):
            found.append(self._take(min(self._end + _PAD_SAMPLES, to_sample)))
        elif to_sample - self._begin > LONGEST_SAMPLES - CHUNK_SAMPLES:
            found.append(self._cut())
        return found

    def close(self, samples: int) -> list[Piece]:
        """The recording ends here; returns the piece that was open."""
        if self._begin is None:
            return []
        end = min(samples, self._end + _PAD_SAMPLES)
        return [self._take(max(end, self._begin + 1))]

    def _take(self, end: int) -> Piece:
        begin = self._begin or 0
        voice, self._voice = self._voice, 0.0
        self._begin = None
        self._end = end
        return Piece(begin, min(end, begin + LONGEST_SAMPLES), voice)

    def _cut(self) -> Piece:
        """End a piece where speech is least probable, and go on from there."""
        inner = [(p, at) for p, at in self._recent if at > (self._begin or 0)]
        cut = min(inner)[1] + CHUNK_SAMPLES // 2
        piece = self._take(cut)
        self._begin = cut
        return piece


class Window:
    """The stretch of a recording that is still needed."""

    def __init__(self) -> None:
        self._first = 0
        self._samples: Samples = np.zeros(0, np.int16)

    @property
    def end(self) -> int:
        """Position behind its last sample."""
        return self._first + len(self._samples)

    def __len__(self) -> int:
        return len(self._samples)

    def append(self, samples: Samples) -> None:
        """Take what comes next."""
        self._samples = np.concatenate([self._samples, samples])

    def take(self, begin: int, end: int) -> Samples:
        """The samples [begin, end), which it must hold."""
        return self._samples[begin - self._first : end - self._first].copy()

    def forget(self, before: int) -> None:
        """Drop what lies before a position."""
        drop = min(max(0, before - self._first), len(self._samples))
        if drop:
            self._samples = self._samples[drop:].copy()
            self._first += drop
