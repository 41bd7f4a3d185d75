"""The registry's messages: which instances exist, where, and which are active."""

from typing import ClassVar, Final, Literal

from streamtalk.proto.message import Message, Name, Position, Reply, Request

MODEL_SERVICES: Final = ("vad", "turn", "asr", "tts")
"""Services whose instances are chosen by the `active` record, in the order of the data."""

InstanceState = Literal["loading", "ready", "active", "draining", "failed"]


class Instance(Message, frozen=True, kw_only=True):
    """One running process of a service, as it describes itself."""

    service: Name
    instance: Name
    """Slot plus a random part; never used again."""

    slot: Name
    engine: Name
    endpoint: str
    """Where its ROUTER listens, such as `ipc:///run/…/tts_0-a1b2.sock`."""

    pid: Position
    state: InstanceState = "loading"
    live: bool = True
    ready: bool = False
    reason: str = ""
    """Why it is not ready, for a person."""

    uptime_s: float = 0.0
    items_done: Position = 0
    queue: Position = 0
    """Work that waits; of `vad`, the sessions that it follows."""

    rank: Position = 0
    """Callers use an instance only where none of a lower rank is ready: the fallback chain."""

    first_audio_ms: float = 0.0
    """Of `tts`: how long its first audio may take before the next entry speaks; 0: as usual."""

    budget_ms: float = 0.0
    """Of `asr`: a call that takes longer than this, plus `budget_factor` times its audio, hangs;
    0: not known."""

    budget_factor: float = 0.0
    """Milliseconds for each millisecond of audio."""

    rss_mb: float = 0.0
    languages: list[str] = []
    """BCP 47 primary tags that the engine can do; empty: any, or not applicable."""

    features: list[str] = []
    """What callers may rely on, such as `grammar`, `dictation`, `uses_text`, `uses_audio`."""


class Directory(Reply, frozen=True, kw_only=True):
    """All instances. Reply to `lookup`; also published on `state.directory.all`."""

    version: Position
    """Rises with every change within one life of the registry."""

    registry: Name
    """Instance id of the registry that says so."""

    instances: list[Instance] = []
    active: dict[str, list[str]] = {}
    """Active slots of each model service; one without an entry is active wherever it is ready."""


class Register(Request, frozen=True, kw_only=True):
    """Sent on every change and every second; an instance unheard for 3 s is shown as not ready."""

    replies: ClassVar = ("registered",)
    instance: Instance


class Registered(Reply, frozen=True, kw_only=True):
    """Received."""

    active: bool
    """Whether the instance's slot is active now."""


class Deregister(Request, frozen=True, kw_only=True):
    """The instance leaves in good order."""

    instance: Name


class Lookup(Request, frozen=True, kw_only=True):
    """Ask for the directory."""

    replies: ClassVar = ("directory",)


class Activate(Request, frozen=True, kw_only=True):
    """Move the `active` record of a service to these slots, atomically; new ones must be ready."""

    replies: ClassVar = ("directory",)
    service: Name
    slots: list[Name]
    awaited: list[Name] = []
    """Slots beside them that load for long, and are active as soon as they are ready."""


class Ping(Message, frozen=True, kw_only=True):
    """From the registry to every instance: is the way still open? Needs no answer."""
