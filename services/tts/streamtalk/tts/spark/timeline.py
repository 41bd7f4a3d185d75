"""When each chunk of a stream is ready, and what plays meanwhile: a clock that is counted.

One processor makes tokens and audio in turn. A chunk of N frames with R ahead needs N + R tokens;
the next one may be ready as late as the audio before it lasts:
(N2 + R2 - R1) tokens and its window within N1 frames of 20 ms.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from streamtalk.tts.spark.chunking import Progress, Shape, Work

FRAME_S: Final = 0.02
HELD_BACK_S: Final = 0.01
"""The end of every chunk waits for the next one, to be faded into it."""

ShapeOf = Callable[[int], Shape]
"""The shape of a chunk by its number, from 0."""


@dataclass(frozen=True)
class Costs:
    """What a machine takes, in seconds."""

    token_s: float
    prenet_frame_s: float
    wave_frame_s: float
    window_s: float = 0.0
    """Of every window, however short."""

    start_s: float = 0.0
    """From the order to the first token: tokenising and the prompt."""

    def of(self, work: Work) -> float:
        """Seconds of a window."""
        frames_s = work.prenet_frames * self.prenet_frame_s + work.wave_frames * self.wave_frame_s
        return self.window_s + frames_s

    def times(self, factor: float) -> "Costs":
        """The same machine, slower by a factor."""
        return Costs(
            self.token_s * factor,
            self.prenet_frame_s * factor,
            self.wave_frame_s * factor,
            self.window_s * factor,
            self.start_s * factor,
        )


@dataclass(frozen=True)
class Clock:
    """A stream at the moment a chunk is ready."""

    costs: Costs
    progress: Progress
    tokens: int = 0
    at_s: float = 0.0
    plays_from_s: float | None = None
    work: Work = field(default=Work(0, 0))
    """All of the vocoder so far."""

    @property
    def due_s(self) -> float:
        """When the audio emitted so far is over."""
        if self.plays_from_s is None:
            return float("inf")
        return self.plays_from_s + self.progress.emitted * FRAME_S - HELD_BACK_S

    def make(self, shape: Shape, total_frames: int | None = None) -> "Clock":
        """The moment the next chunk is ready; without a total the stream does not end."""
        wanted = max(self.tokens, self.progress.emitted + shape.new + shape.ahead)
        steps, ended = wanted - self.tokens, False
        if total_frames is not None and wanted > total_frames:
            # The model tells the end with a token of its own.
            steps = max(total_frames + 1 - self.tokens, 0)
            wanted, ended = total_frames + 1, True
        available = wanted - ended
        cut = self.progress.cut(shape, available, ended=ended)
        at_s = self.at_s if self.plays_from_s is not None else self.costs.start_s
        at_s += steps * self.costs.token_s + self.costs.of(cut.work)
        plays_from_s = at_s if self.plays_from_s is None else self.plays_from_s
        done = Work(*(a + b for a, b in zip(self.work, cut.work, strict=True)))
        return Clock(self.costs, self.progress.after(cut), wanted, at_s, plays_from_s, done)


@dataclass(frozen=True)
class Played:
    """How one stream went."""

    first_audio_s: float
    made_s: float
    """When the last audio was ready."""

    waits_s: tuple[float, ...]
    """How long playback stood still, once for each chunk that came late."""

    chunks: int
    work: Work

    @property
    def underruns(self) -> int:
        """How often playback stood still."""
        return len(self.waits_s)


def play(costs: Costs, progress: Progress, shape_of: ShapeOf, total_frames: int) -> Played:
    """A whole stream of `total_frames`; playback that stands still goes on when audio is there."""
    clock, waits_s, chunks, delay_s = Clock(costs, progress), [], 0, 0.0
    first_s = 0.0
    while clock.progress.emitted < total_frames:
        due_s = clock.due_s + delay_s
        clock = clock.make(shape_of(chunks), total_frames)
        first_s = clock.at_s if chunks == 0 else first_s
        chunks += 1
        if clock.at_s > due_s:
            waits_s.append(clock.at_s - due_s)
            delay_s += waits_s[-1]
    return Played(first_s, clock.at_s, tuple(waits_s), chunks, clock.work)
