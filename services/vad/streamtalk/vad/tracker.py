"""The microphone audio of one attachment without a hole, whatever order and gaps it came in."""

from typing import Final

from streamtalk.proto.audio import BYTES_PER_SAMPLE, MIC_FRAME_SAMPLES

CHUNK_SAMPLES: Final = 512
"""What the models judge at once: 32 ms."""

CHUNK_BYTES: Final = CHUNK_SAMPLES * BYTES_PER_SAMPLE


class Tracker:
    """Joins frames to contiguous audio from `next_sample` on, and counts what nobody delivered."""

    def __init__(self, stream: str, from_sample: int, pre_roll_samples: int) -> None:
        self.stream = stream
        self.next_sample = max(0, from_sample - pre_roll_samples)
        self.samples_lost = 0
        self._from_sample = from_sample
        self._at = self.next_sample
        self._pcm = bytearray()

    @property
    def frames_lost(self) -> int:
        """Frames, begun ones included, that are missing at or after the first judged sample."""
        return -(-self.samples_lost // MIC_FRAME_SAMPLES)

    @property
    def ready(self) -> bool:
        """Whether at least one chunk waits to be judged."""
        return len(self._pcm) >= CHUNK_BYTES

    def offer(self, stream: str, sample: int, pcm: bytes | memoryview) -> bool:
        """Take audio that begins at `sample`; false when [next_sample, sample) has to come first.

        Audio of another stream and what was taken already are dropped silently.
        """
        if stream != self.stream:
            return True
        known = self.next_sample - sample
        if known < 0:
            return False
        count = len(pcm) // BYTES_PER_SAMPLE
        if known < count:
            self._pcm += pcm if known == 0 else pcm[known * BYTES_PER_SAMPLE :]
            self.next_sample = sample + count
        return True

    def skip_to(self, sample: int) -> None:
        """Give up [next_sample, sample): neither bus nor ring has it."""
        self.samples_lost += max(0, sample - max(self.next_sample, self._from_sample))
        self.next_sample = self._at = sample
        self._pcm.clear()

    def take(self, chunk_limit: int) -> tuple[int, bytes]:
        """Remove up to `chunk_limit` whole chunks; returns where they begin, and their samples."""
        count = min(len(self._pcm) // CHUNK_BYTES, chunk_limit)
        taken = bytes(self._pcm[: count * CHUNK_BYTES])
        del self._pcm[: count * CHUNK_BYTES]
        first = self._at
        self._at += count * CHUNK_SAMPLES
        return first, taken
