"""Which frames the vocoder works on for each chunk of a stream: plain arithmetic.

A token is a frame. The prenet hears `reach.prenet` frames beside each one; its features are final
once they have heard `Reach.settled` frames ahead, and go into the caches of the wave generator,
which answers `reach.wave.right` frames later. What a chunk needs beyond that is made provisionally,
from features that will be made again.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from streamtalk.tts.spark.architecture import BiCodecConfig
from streamtalk.tts.spark.geometry import Context, prenet_context, wave_context

STEADY_AHEAD: Final = 34
"""Look-ahead of a stream that has a buffer: 24 frames beyond those that the wave generator hears.

78 dB against the full decode with random weights; 24 in all would be 38 dB, for what goes into the
caches is not made again.
"""


class Shape(NamedTuple):
    """How a chunk is cut, in frames of 20 ms."""

    new: int
    """Frames that it emits."""

    ahead: int
    """Frames behind them that must be known before."""


class Work(NamedTuple):
    """What a chunk costs the vocoder, in frames."""

    prenet_frames: int
    wave_frames: int


@dataclass(frozen=True)
class Reach:
    """How far each stage hears, in frames."""

    prenet: Context
    wave: Context

    def settled(self, ahead: int) -> int:
        """Look-ahead of a feature that is final: that of the last one a steady chunk needs."""
        return max(ahead, STEADY_AHEAD) - self.wave.right


PUBLISHED: Final = Reach(Context(57, 57), Context(10, 10))
"""Of the published Spark-TTS-0.5B."""


def reach_of(config: BiCodecConfig) -> Reach:
    """The reach that a configuration implies."""
    return Reach(prenet_context(config.prenet), wave_context(config.decoder))


@dataclass(frozen=True)
class Cut:
    """What is to be done for one chunk; every field is a frame of the stream."""

    tokens_from: int
    tokens_until: int
    """The prenet is given [tokens_from, tokens_until)."""

    kept_from: int
    kept_until: int
    """Features [kept_from, kept_until) go into the caches."""

    heard_until: int
    """Features [kept_until, heard_until) are heard provisionally."""

    emit_until: int
    complete: bool
    """Whether the stream ends with this chunk."""

    lag: int
    """Frames by which the caches answer late."""

    @property
    def provisional(self) -> bool:
        """Whether the caches alone do not reach the end of the chunk."""
        return not self.complete and self.kept_until < self.emit_until + self.lag

    @property
    def work(self) -> Work:
        """An upper bound; a provisional end costs the lag of the caches once more."""
        again = min(self.lag, self.kept_until) if self.provisional or self.complete else 0
        return Work(self.tokens_until - self.tokens_from, self.heard_until - self.kept_from + again)


@dataclass(frozen=True)
class Progress:
    """How far a stream has come."""

    reach: Reach
    emitted: int = 0
    kept: int = 0

    def cut(self, shape: Shape, available: int, *, ended: bool) -> Cut:
        """The next chunk, of at most `shape.new` frames; `available` frames are known.

        `ended` says that there will be no others.
        """
        emit_until = min(self.emitted + shape.new, available)
        complete = ended and emit_until == available
        lag = self.reach.wave.right
        heard_until = available if complete else min(emit_until + lag, available)
        settled = available if ended else max(available - self.reach.settled(shape.ahead), 0)
        kept_until = max(min(heard_until, settled), self.kept)
        needed = heard_until > self.kept
        first = max(self.kept - self.reach.prenet.left, 0) if needed else heard_until
        last = min(heard_until + self.reach.prenet.right, available) if needed else heard_until
        return Cut(first, last, self.kept, kept_until, heard_until, emit_until, complete, lag)

    def after(self, cut: Cut) -> "Progress":
        """Where the stream stands when a chunk is made."""
        return Progress(self.reach, cut.emit_until, cut.kept_until)
