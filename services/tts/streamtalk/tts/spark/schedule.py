"""The sizes of the chunks: the first sound as early as no later wait allows.

The search: the smallest first chunk from which some sequence of chunks, each ready before the audio
before it is over, leads to chunks of one size that the machine makes at least as quickly as they
play. A machine that is too slow for that gets a first chunk that lasts until the rest is made.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from streamtalk.tts.spark.chunking import STEADY_AHEAD, Progress, Reach, Shape
from streamtalk.tts.spark.timeline import FRAME_S, Clock, Costs, play

Mode = Literal["fast", "balanced", "quality"]

AHEADS: Final[dict[Mode, tuple[int, ...]]] = {
    "fast": (4, 10, STEADY_AHEAD),
    "balanced": (10, STEADY_AHEAD),
    "quality": (24, STEADY_AHEAD),
}
"""Look-ahead of the first chunk, and what it may grow to, in frames."""

FIRST_NEW: Final = 8
"""The shortest first chunk: below this a chunk is mostly look-ahead."""

NEWS: Final = (8, 16, 24, 32, 48)
"""Frames of later chunks: few shapes, so that each can be warmed."""

STEADY_NEWS: Final = (28, 32, 48)
_DEPTH: Final = 5
_PATHS: Final = 20
"""Sequences that are tried on streams of every length before a first chunk counts as too short."""

_SETTLED_CHUNKS: Final = 4
"""Steady chunks after which every window has its whole context."""

_TAIL_FRAMES: Final = 120
"""Up to so far behind the chunks that differ, every end of a stream is tried out."""


@dataclass(frozen=True)
class Schedule:
    """Chunk after chunk; the last shape repeats."""

    shapes: tuple[Shape, ...]
    real_time: bool
    """Whether the machine speaks for ever without a wait."""

    covers_frames: int | None
    """Longest stream without a wait; None: any."""

    first_audio_s: float

    def shape(self, chunk: int) -> Shape:
        """The shape of a chunk by its number, from 0."""
        return self.shapes[min(chunk, len(self.shapes) - 1)]

    def covers(self, frames: int) -> bool:
        """Whether a stream of so many frames plays without a wait."""
        return self.covers_frames is None or frames <= self.covers_frames


def steady_shape(costs: Costs, reach: Reach) -> Shape | None:
    """The smallest chunk that is made as quickly as it plays, for ever; None: there is none."""
    for new in STEADY_NEWS:
        shape = Shape(new, STEADY_AHEAD)
        clock = Clock(costs, Progress(reach))
        for _ in range(_SETTLED_CHUNKS):
            clock = clock.make(shape)
        if clock.make(shape).at_s - clock.at_s <= new * FRAME_S:
            return shape
    return None


def derive(costs: Costs, reach: Reach, mode: Mode, expected_frames: int) -> Schedule:
    """The schedule of a machine.

    Args:
        costs: Measured, with what headroom the caller wants.
        reach: Of the decoder.
        mode: How exact the first chunk has to be.
        expected_frames: Longest stream that a machine slower than real time is to get through.
    """
    return _Search(costs, reach, mode, max(expected_frames, FIRST_NEW)).result()


class _Search:
    def __init__(self, costs: Costs, reach: Reach, mode: Mode, expected_frames: int) -> None:
        self._costs = costs
        self._start = Progress(reach)
        self._aheads = AHEADS[mode]
        self._expected = expected_frames
        self._steady = steady_shape(costs, reach)

    def result(self) -> Schedule:
        """The feasible schedule with the smallest first chunk."""
        found = self._smallest()
        shapes = found or (Shape(self._expected, self._aheads[0]),)
        endless = found is not None and self._steady is not None
        first = Clock(self._costs, self._start).make(shapes[0])
        covers = None if endless else self._expected
        return Schedule(shapes, self._steady is not None, covers, first.at_s)

    def _smallest(self) -> tuple[Shape, ...] | None:
        # A longer first chunk gives every later one more time, so that bisection finds the border.
        low, high = FIRST_NEW, self._expected
        if (found := self._from(low)) is not None:
            return found
        at_high = self._from(high)
        while at_high is not None and low + 1 < high:
            middle = (low + high) // 2
            at_middle = self._from(middle)
            if at_middle is None:
                low = middle
            else:
                high, at_high = middle, at_middle
        while at_high is not None and high - 1 > FIRST_NEW and (below := self._from(high - 1)):
            high, at_high = high - 1, below
        return at_high

    def _from(self, new: int) -> tuple[Shape, ...] | None:
        first = Shape(new, self._aheads[0])
        if self._steady is None:
            paths: Iterator[tuple[Shape, ...]] = iter(
                [(first, Shape(STEADY_NEWS[-1], STEADY_AHEAD))]
            )
        else:
            clock = Clock(self._costs, self._start).make(first)
            paths = self._paths((first,), clock, self._steady)
        tried = itertools.islice(paths, _PATHS)
        return next((shapes for shapes in tried if self._never_waits(shapes)), None)

    def _paths(
        self, shapes: tuple[Shape, ...], clock: Clock, steady: Shape
    ) -> Iterator[tuple[Shape, ...]]:
        """The sequences of chunks, each in time, that end in steady ones."""
        if shapes[-1] == steady and self._goes_on(clock, steady):
            yield shapes
        elif len(shapes) <= _DEPTH:
            for shape in self._next_shapes(shapes[-1], steady):
                after = clock.make(shape)
                if after.at_s <= clock.due_s:
                    yield from self._paths((*shapes, shape), after, steady)

    def _next_shapes(self, last: Shape, steady: Shape) -> Iterator[Shape]:
        """The most exact first, then the soonest."""
        for ahead in reversed(self._aheads):
            if ahead >= last.ahead:
                news = (steady.new,) if ahead == STEADY_AHEAD else NEWS
                yield from (Shape(new, ahead) for new in news)

    def _goes_on(self, clock: Clock, steady: Shape) -> bool:
        for _ in range(_SETTLED_CHUNKS):
            after = clock.make(steady)
            if after.at_s > clock.due_s:
                return False
            clock = after
        return True

    def _never_waits(self, shapes: tuple[Shape, ...]) -> bool:
        """Whether no stream waits, wherever within the first chunks it ends."""
        early = sum(shape.new for shape in shapes) + _TAIL_FRAMES
        tried = range(1, early) if self._steady else range(shapes[0].new, self._expected + 1)
        schedule = Schedule(shapes, real_time=True, covers_frames=None, first_audio_s=0.0)
        runs = (play(self._costs, self._start, schedule.shape, total) for total in reversed(tried))
        return all(run.underruns == 0 for run in runs)
