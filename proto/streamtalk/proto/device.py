"""From a person's view to `audio_io`: sound devices, mute, push-to-talk."""

from typing import ClassVar, Literal

from streamtalk.proto.message import Name, Position, Reply, Request, SessionId


class StartAudio(Request, frozen=True, kw_only=True):
    """Open the sound devices and hold a session; the same message every second keeps it."""

    replies: ClassVar = ("audio_status",)
    session: SessionId
    language: Name = "auto"


class StopAudio(Request, frozen=True, kw_only=True):
    """Close the devices and the session."""

    session: SessionId


class SetMicrophone(Request, frozen=True, kw_only=True):
    """Mute, unmute, or choose push-to-talk and its key's state."""

    replies: ClassVar = ("audio_status",)
    muted: bool | None = None
    push_to_talk: bool | None = None
    talking: bool | None = None
    """While push-to-talk is on: whether the key is held."""


class GetAudioStatus(Request, frozen=True, kw_only=True):
    """Ask for the state of the devices."""

    replies: ClassVar = ("audio_status",)


class AudioStatus(Reply, frozen=True, kw_only=True):
    """The devices and what is wrong with them, in words for a person."""

    session: SessionId | None = None
    capture: Literal["closed", "open", "absent", "silent", "failed"]
    """`silent`: the device delivers digital zero, as macOS does without permission."""

    playback: Literal["closed", "open", "absent", "failed"]
    capture_device: str = ""
    playback_device: str = ""
    reason: str = ""
    retry_in_s: float = 0.0
    muted: bool = False
    push_to_talk: bool = False
    level_db: float = -120.0
    """RMS of the last 100 ms of the microphone, dBFS."""

    xruns: Position = 0
    uncaptured_ms: float = 0.0
    """Time in which the session lived but no microphone was heard."""
