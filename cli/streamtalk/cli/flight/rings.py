"""Completes the microphone of a recording: what the bus lost is read from the ring.

The ring is opened when its stream is first heard, so its last minute can be read when the edge has
left already.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from streamtalk.client.ring import RingReader
from streamtalk.client.rundir import RunDir
from streamtalk.proto.audio import BYTES_PER_SAMPLE, MIC_RATE_HZ
from streamtalk.proto.errors import AudioRangeError
from streamtalk.proto.frames import Mic

_PIECE_SAMPLES: Final = MIC_RATE_HZ
_NS_PER_SAMPLE: Final = 1_000_000_000 // MIC_RATE_HZ

Missing = tuple[str, Mic, bytes]
"""(session, header, PCM) of a part that the bus did not bring."""


@dataclass
class _Followed:
    stream: str
    next_sample: int
    ring: RingReader | None
    lost_samples: int = 0


class Microphones:
    """The microphones that are heard, and how far each is complete."""

    def __init__(self, run_dir: RunDir, started_ns: int, clock_ns: Callable[[], int]) -> None:
        self._run_dir = run_dir
        self._started_ns = started_ns
        self._clock_ns = clock_ns
        self._followed: dict[str, _Followed] = {}

    def hear(self, session: str, mic: Mic, samples: int) -> Iterator[Missing]:
        """What has to be written before a frame that the bus brought."""
        followed = self._followed.get(session)
        if followed is None or followed.stream != mic.stream:
            yield from self._finish(session)
            followed = self._followed[session] = self._begin(session, mic)
        if mic.sample > followed.next_sample:
            yield from self._fill(session, followed, mic.sample)
        followed.next_sample = max(followed.next_sample, mic.sample + samples)

    def finish(self) -> Iterator[Missing]:
        """What has to be written at the end; closes the rings."""
        for session in list(self._followed):
            yield from self._finish(session)

    @property
    def lost_samples(self) -> int:
        """What neither the bus nor a ring had."""
        return sum(followed.lost_samples for followed in self._followed.values())

    def _begin(self, session: str, mic: Mic) -> _Followed:
        ring = None
        try:
            ring = RingReader(self._run_dir.ring(session))
            if ring.stream != mic.stream:
                ring.close()
                ring = None
        except AudioRangeError:
            ring = None
        began_ns = self._clock_ns() - mic.sample * _NS_PER_SAMPLE
        # Of a stream that is older than the recording, what was said before is not recorded.
        first = 0 if began_ns >= self._started_ns else mic.sample
        return _Followed(mic.stream, first, ring)

    def _finish(self, session: str) -> Iterator[Missing]:
        followed = self._followed.get(session)
        if followed is None or followed.ring is None:
            return
        yield from self._fill(session, followed, followed.ring.written)
        followed.ring.close()
        followed.ring = None

    def _fill(self, session: str, followed: _Followed, to_sample: int) -> Iterator[Missing]:
        while followed.next_sample < to_sample:
            first = followed.next_sample
            if followed.ring is None:
                followed.lost_samples += to_sample - first
                followed.next_sample = to_sample
                return
            first = max(first, min(followed.ring.oldest, to_sample))
            followed.lost_samples += first - followed.next_sample
            end = min(first + _PIECE_SAMPLES, to_sample)
            followed.next_sample = end
            try:
                pcm = followed.ring.read(first, end)
            except AudioRangeError:
                followed.lost_samples += end - first
                continue
            if pcm:
                yield session, Mic(stream=followed.stream, sample=first), pcm


def samples_of(pcm: bytes) -> int:
    """Length of s16le mono audio."""
    return len(pcm) // BYTES_PER_SAMPLE
