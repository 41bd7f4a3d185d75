"""Configuration of `audio_io`: the `[audio_io]` table of `streamtalk.toml`."""

from typing import Annotated, Literal

import msgspec

from streamtalk.audio_io.engines.portaudio import PortAudioSettings
from streamtalk.proto.message import SessionId
from streamtalk.runtime.config import ServiceConfig

Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=60_000)]


class AudioIoEngines(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of each engine."""

    portaudio: PortAudioSettings = PortAudioSettings()


class AudioIoConfig(ServiceConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[audio_io]` table."""

    engines: AudioIoEngines = AudioIoEngines()
    microphone: str = ""
    """Name, part of a name, or index as `streamtalk devices` lists them; empty: the default."""

    loudspeaker: str = ""
    """As `microphone`."""

    duplex: Literal["half", "full"] = "half"
    """`half`: deaf while it speaks. `full` needs headphones: it would answer its own voice."""

    guard_ms: Milliseconds = 350
    """Half-duplex: still deaf for this long after the last audible sample, for the room's echo."""

    push_to_talk: bool = False
    """The microphone is heard only while the key is held."""

    always_on: bool = False
    """Open the devices at the start instead of at the first `start_audio`."""

    session: SessionId = "home"
    """Session that `always_on` holds."""

    language: str = "auto"
    """Language of that session."""

    lease_ms: Milliseconds = 5_000
    """Without another `start_audio` in this time the devices are closed."""
