"""From the orchestrator to a session's sink: which candidate is played, and where it stopped."""

from typing import ClassVar

from streamtalk.proto.message import Name, Position, Reply, Request, SessionId
from streamtalk.proto.synthesis import Mark


class SinkRequest(Request, frozen=True, kw_only=True):
    """Root of the calls to a sink; a term lower than one it has seen is refused (`session`)."""

    session: SessionId
    term: Position
    answer: Name


class Hold(SinkRequest, frozen=True, kw_only=True):
    """Accept this answer's audio, without playing it; up to 1 s is held."""


class Play(SinkRequest, frozen=True, kw_only=True):
    """Play this answer now, from its beginning; another one that plays is stopped."""


class Finish(SinkRequest, frozen=True, kw_only=True):
    """The answer has so many pieces, no more."""

    pieces: Position


class Retake(SinkRequest, frozen=True, kw_only=True):
    """The voice of an answer was lost: end `piece` at `sample`, drop what follows it.

    From now on only frames of at least `attempt` are accepted for later pieces. `sample` is not
    moved before what has been played.
    """

    replies: ClassVar = ("retaken",)
    piece: Position
    sample: Position
    attempt: Position


class Retaken(Reply, frozen=True, kw_only=True):
    """The place where the next attempt goes on."""

    piece: Position
    """The first piece to speak again is the one after this."""

    sample: Position
    marks: list[Mark] = []
    """The last words of `piece` that its audio came with, as in a `frontier`."""


class Stop(SinkRequest, frozen=True, kw_only=True):
    """Stop playing or drop this answer. Asked again, it tells the same position."""

    replies: ClassVar = ("stopped",)
    fade_ms: Position = 10


class Stopped(Reply, frozen=True, kw_only=True):
    """How far the answer was played; the only source of what was heard."""

    answer: Name
    piece: Position
    sample: Position
    """All earlier pieces, and this many samples of `piece`, have left the loudspeaker."""

    ended: bool
    """Whether everything was played."""

    mic_sample: Position
    """The session's clock at the stop, or at the last sample played."""

    first_audible: Position | None = None
    """The session's clock at the first audible sample; None where nothing was audible."""

    late_frames: Position = 0
    """Frames of this answer that came after their time."""

    gaps: Position = 0
    """How often the playing was starved."""

    frames: Position = 0
    """20 ms frames that were played."""
