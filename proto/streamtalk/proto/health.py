"""What every service's socket answers, whatever its work: probe, metrics, drain."""

from typing import ClassVar, Literal

from streamtalk.proto.directory import Instance
from streamtalk.proto.message import Message, Name, Position, Reply, Request

Failure = Literal["", "load", "work"]
"""Why an instance is `failed`: it never came up, or what it did went wrong."""


class Probe(Request, frozen=True, kw_only=True):
    """Ask how the instance is; answered by the control thread while the engine works."""

    replies: ClassVar = ("health",)


class Work(Message, frozen=True, kw_only=True):
    """What the instance's work has shown: an engine that lives may still do nothing of use."""

    done: Position = 0
    """Pieces of work that came out right, since the start."""

    failed: Position = 0
    """Pieces that went wrong, since the start."""

    recent: Position = 0
    """How many of the last 64 durations are in the two figures below."""

    median_ms: float = 0.0
    """Of `tts` the time to the first audio of an answer, of the others that of the model alone."""

    worst_ms: float = 0.0
    """The longest of those durations."""


class Health(Reply, frozen=True, kw_only=True):
    """The instance and what its engine thread is doing."""

    instance: Instance
    busy_ms: float = 0.0
    """For how long the running call has been running; 0 when idle."""

    budget_ms: float = 0.0
    """How long that call may take by its own declaration; past it the instance is hung."""

    doing: Name = ""
    """Name of the running call."""

    failure: Failure = ""
    """While `failed`: whether loading failed, or work did afterwards; it may still come back."""

    dropped: dict[str, Position] = {}
    """Messages that were not accepted, counted by error code."""

    work: Work = Work()


class ProveWork(Request, frozen=True, kw_only=True):
    """Do the canned request now; refused with `overloaded` while the engine is at work."""

    replies: ClassVar = ("proof",)


class Proof(Reply, frozen=True, kw_only=True):
    """The canned request was answered rightly; a wrong answer is a refusal with the reason."""

    duration_ms: float
    detail: str
    """What was shown, for a person."""


class Metrics(Request, frozen=True, kw_only=True):
    """Ask for the counters."""

    replies: ClassVar = ("metrics_text",)


class MetricsText(Reply, frozen=True, kw_only=True):
    """Counters and histograms in Prometheus' text exposition format."""

    text: str


class Drain(Request, frozen=True, kw_only=True):
    """Finish what was begun, take nothing new, then leave; as SIGTERM does."""
