"""Has the person finished? `predict` and its result."""

from typing import ClassVar

from streamtalk.proto.message import Name, Position, Reply, Request


class Predict(Request, frozen=True, kw_only=True):
    """Judge the end of a turn from its text, its audio, or both, as the engine can."""

    replies: ClassVar = ("prediction",)
    text: str = ""
    """The person's words of this turn so far; empty where no transcript is there."""

    silence_ms: float
    """Silence after the last speech so far."""

    language: Name = "auto"
    ring: str = ""
    stream: Name = ""
    from_sample: Position = 0
    to_sample: Position = 0


class Prediction(Reply, frozen=True, kw_only=True):
    """How likely the person has finished, and how much silence is enough."""

    finished: float
    """Probability that the turn is over, 0 to 1."""

    commit_after_ms: float
    """Answer once this much silence has passed; never above the engine's hard bound."""

    label: Name
    """`finished`, `unfinished`, `backchannel` or `wait`."""
